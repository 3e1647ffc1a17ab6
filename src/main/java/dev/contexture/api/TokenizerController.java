package dev.contexture.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.contexture.session.InferenceService;
import dev.contexture.session.Prompt;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.parameters.RequestBody;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/** Text to token ids and back, in the shape of vLLM's routes. */
@RestController
public class TokenizerController {
    private final InferenceService service;
    private final RequestBodies bodies;

    public TokenizerController(InferenceService service, RequestBodies bodies) {
        this.service = service;
        this.bodies = bodies;
    }

    @Schema(name = "TokenizeRequest", description = "Either a prompt or messages")
    record TokenizeRequest(
            @JsonProperty("model") @Nullable String model,
            @JsonProperty("prompt") @Nullable String prompt,
            @JsonProperty("messages") @Nullable List<Map<String, Object>> messages) {}

    @Schema(name = "TokenizeResponse")
    record TokenizeResponse(
            @JsonProperty("count") int count,
            @JsonProperty("max_model_len") int maxModelLen,
            @JsonProperty("tokens") int[] tokens) {}

    @Schema(name = "DetokenizeRequest")
    record DetokenizeRequest(
            @JsonProperty("model") @Nullable String model,
            @JsonProperty("tokens") @Nullable List<Object> tokens) {}

    @Schema(name = "DetokenizeResponse")
    record DetokenizeResponse(@JsonProperty("prompt") String prompt) {}

    @Operation(
            summary = "Token ids of a text or conversation, exactly as generation would see them",
            requestBody = @RequestBody(content = @Content(schema = @Schema(implementation = TokenizeRequest.class))),
            responses =
                    @ApiResponse(
                            responseCode = "200",
                            content = @Content(schema = @Schema(implementation = TokenizeResponse.class))))
    @PostMapping(path = "/v1/tokenize", consumes = MediaType.APPLICATION_JSON_VALUE)
    Mono<Void> tokenize(@Parameter(hidden = true) ServerWebExchange exchange) {
        Mono<TokenizeResponse> response = bodies.read(exchange, TokenizeRequest.class)
                .flatMap(body -> {
                    ServedModel.requireIfGiven(body.model, service);
                    return service.tokenize(prompt(body));
                })
                .map(ids -> new TokenizeResponse(ids.length, service.model().contextLength(), ids));
        return JsonResponse.write(exchange, response);
    }

    private static Prompt prompt(TokenizeRequest body) {
        if (body.messages != null && body.prompt != null) {
            throw InvalidRequestException.badValue("Send either 'prompt' or 'messages', not both.", "prompt");
        }
        if (body.messages != null) {
            return new Prompt.Chat(ChatMessages.read(body.messages), Map.of());
        }
        if (body.prompt == null) {
            throw InvalidRequestException.missing("prompt");
        }
        return new Prompt.Text(body.prompt);
    }

    @Operation(
            summary = "The text of token ids",
            requestBody = @RequestBody(content = @Content(schema = @Schema(implementation = DetokenizeRequest.class))),
            responses =
                    @ApiResponse(
                            responseCode = "200",
                            content = @Content(schema = @Schema(implementation = DetokenizeResponse.class))))
    @PostMapping(path = "/v1/detokenize", consumes = MediaType.APPLICATION_JSON_VALUE)
    Mono<Void> detokenize(@Parameter(hidden = true) ServerWebExchange exchange) {
        Mono<DetokenizeResponse> response = bodies.read(exchange, DetokenizeRequest.class)
                .flatMap(body -> {
                    ServedModel.requireIfGiven(body.model, service);
                    if (body.tokens == null) {
                        throw InvalidRequestException.missing("tokens");
                    }
                    return service.detokenize(CompletionRequests.tokenIds(body.tokens, "tokens"));
                })
                .map(DetokenizeResponse::new);
        return JsonResponse.write(exchange, response);
    }
}
