package dev.contexture.api;

import dev.contexture.security.Tenant;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.GenerationRequest;
import dev.contexture.session.InferenceService;
import dev.contexture.session.SessionService;
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

/** Chat. */
@RestController
public class ChatCompletionController {
    private final InferenceService service;
    private final ChatTurns turns;
    private final RequestBodies bodies;
    private final ChatRequests requests;
    private final Heads heads;
    private final EventStream streams;

    public ChatCompletionController(
            InferenceService service,
            SessionService sessions,
            RequestBodies bodies,
            ApiProperties bounds,
            Heads heads,
            EventStream streams) {
        this.service = service;
        this.turns = new ChatTurns(service, sessions);
        this.bodies = bodies;
        this.requests = new ChatRequests(bounds);
        this.heads = heads;
        this.streams = streams;
    }

    @Operation(
            summary = "Answers a conversation",
            requestBody =
                    @RequestBody(content = @Content(schema = @Schema(implementation = ChatCompletionRequest.class))),
            responses =
                    @ApiResponse(
                            responseCode = "200",
                            description = "The answer; with stream=true server-sent events",
                            content = {
                                @Content(
                                        mediaType = MediaType.APPLICATION_JSON_VALUE,
                                        schema = @Schema(implementation = ChatWire.Completion.class)),
                                @Content(
                                        mediaType = MediaType.TEXT_EVENT_STREAM_VALUE,
                                        schema = @Schema(implementation = ChatWire.Chunk.class))
                            }))
    @PostMapping(path = "/v1/chat/completions", consumes = MediaType.APPLICATION_JSON_VALUE)
    Mono<Void> complete(@Parameter(hidden = true) ServerWebExchange exchange) {
        return bodies.read(exchange, ChatCompletionRequest.class).flatMap(body -> {
            ServedModel.require(body.model(), service);
            GenerationRequest request = requests.toGeneration(body, Tenant.of(exchange));
            CompletionHead head = heads.next(ChatWire.ID_PREFIX);
            Flux<GenerationEvent> events = turns.answer(exchange, request, body.sessionId(), body.contexture());
            if (body.isStreamed()) {
                ChatStream stream = new ChatStream(head, request.choices(), body.wantsUsage());
                return streams.write(exchange, stream.chunks(events));
            }
            return JsonResponse.write(
                    exchange, Answer.collect(events, request.choices()).map(answer -> completion(head, answer)));
        });
    }

    private static ChatWire.Completion completion(CompletionHead head, Answer answer) {
        List<ChatWire.Choice> choices = answer.choices().stream()
                .map(choice -> new ChatWire.Choice(
                        choice.index(),
                        ChatWire.Message.of(choice.spoken()),
                        ChatWire.Logprobs.of(choice.tokens()),
                        choice.finishReason()))
                .toList();
        return ChatWire.Completion.of(head, choices, answer.usage(), answer.contexture());
    }
}
