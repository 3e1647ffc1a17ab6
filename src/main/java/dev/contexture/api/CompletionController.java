package dev.contexture.api;

import dev.contexture.security.Tenant;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.GenerationRequest;
import dev.contexture.session.InferenceService;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.parameters.RequestBody;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import java.util.List;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Text that goes on. */
@RestController
public class CompletionController {
    private final InferenceService service;
    private final RequestBodies bodies;
    private final CompletionRequests requests;
    private final Heads heads;
    private final EventStream streams;

    public CompletionController(
            InferenceService service, RequestBodies bodies, ApiProperties bounds, Heads heads, EventStream streams) {
        this.service = service;
        this.bodies = bodies;
        this.requests = new CompletionRequests(bounds);
        this.heads = heads;
        this.streams = streams;
    }

    @Operation(
            summary = "Goes on from a text or from token ids",
            requestBody = @RequestBody(content = @Content(schema = @Schema(implementation = CompletionRequest.class))),
            responses =
                    @ApiResponse(
                            responseCode = "200",
                            description = "The text; with stream=true server-sent events",
                            content = {
                                @Content(
                                        mediaType = MediaType.APPLICATION_JSON_VALUE,
                                        schema = @Schema(implementation = CompletionWire.Completion.class)),
                                @Content(
                                        mediaType = MediaType.TEXT_EVENT_STREAM_VALUE,
                                        schema = @Schema(implementation = CompletionWire.Completion.class))
                            }))
    @PostMapping(path = "/v1/completions", consumes = MediaType.APPLICATION_JSON_VALUE)
    Mono<Void> complete(@Parameter(hidden = true) ServerWebExchange exchange) {
        return bodies.read(exchange, CompletionRequest.class).flatMap(body -> {
            ServedModel.require(body.model(), service);
            List<GenerationRequest> prompts = requests.toGenerations(body, Tenant.of(exchange));
            int choices = prompts.stream().mapToInt(GenerationRequest::choices).sum();
            CompletionHead head = heads.next(CompletionWire.ID_PREFIX);
            Flux<GenerationEvent> events = PromptBatch.generate(service, prompts);
            if (body.isStreamed()) {
                CompletionStream stream = new CompletionStream(head, choices, body.wantsUsage());
                return streams.write(exchange, stream.chunks(events));
            }
            return JsonResponse.write(
                    exchange, Answer.collect(events, choices).map(answer -> completion(head, answer)));
        });
    }

    private static CompletionWire.Completion completion(CompletionHead head, Answer answer) {
        List<CompletionWire.Choice> choices = answer.choices().stream()
                .map(choice -> new CompletionWire.Choice(
                        choice.index(),
                        choice.text(),
                        CompletionWire.Logprobs.of(choice.tokens(), 0),
                        choice.finishReason()))
                .toList();
        return CompletionWire.Completion.of(head, choices, answer.usage());
    }
}
