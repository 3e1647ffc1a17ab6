package dev.contexture.api;

import dev.contexture.session.embedding.EmbeddingRequest;
import dev.contexture.session.embedding.EmbeddingService;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.parameters.RequestBody;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import java.util.Optional;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/** Vectors of texts. */
@RestController
public class EmbeddingController {
    private final Optional<EmbeddingService> service;
    private final RequestBodies bodies;

    /**
     * @param service empty: requests are answered with 404
     */
    public EmbeddingController(Optional<EmbeddingService> service, RequestBodies bodies) {
        this.service = service;
        this.bodies = bodies;
    }

    @Operation(
            summary = "One vector per text, or per array of token ids",
            requestBody =
                    @RequestBody(content = @Content(schema = @Schema(implementation = EmbeddingRequestBody.class))),
            responses =
                    @ApiResponse(
                            responseCode = "200",
                            content = @Content(schema = @Schema(implementation = EmbeddingWire.Embeddings.class))))
    @PostMapping(path = "/v1/embeddings", consumes = MediaType.APPLICATION_JSON_VALUE)
    Mono<Void> embed(@Parameter(hidden = true) ServerWebExchange exchange) {
        EmbeddingService embeddings = service.orElseThrow(UnknownModelException::noEmbeddings);
        String model = embeddings.model().id();
        Mono<EmbeddingWire.Embeddings> response = bodies.read(exchange, EmbeddingRequestBody.class)
                .flatMap(body -> {
                    ServedModel.require(body.model(), model);
                    EmbeddingRequests.Encoding encoding = EmbeddingRequests.encoding(body);
                    EmbeddingRequest request = EmbeddingRequests.toRequest(body);
                    return embeddings
                            .embed(request)
                            .map(result -> EmbeddingWire.Embeddings.of(result, model, encoding));
                });
        return JsonResponse.write(exchange, response);
    }
}
