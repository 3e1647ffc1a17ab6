package dev.contexture.api;

import dev.contexture.security.Tenant;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.GenerationRequest;
import dev.contexture.session.InferenceService;
import dev.contexture.session.InvalidPromptException;
import dev.contexture.session.SessionService;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.parameters.RequestBody;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Chat in the shape of Anthropic's messages. */
@RestController
@RequestMapping("/v1/messages")
public class MessageController {
    private final InferenceService service;
    private final ChatTurns turns;
    private final RequestBodies bodies;
    private final MessageRequests requests;
    private final Heads heads;
    private final EventStream streams;

    public MessageController(
            InferenceService service,
            SessionService sessions,
            RequestBodies bodies,
            ApiProperties bounds,
            Heads heads,
            EventStream streams) {
        this.service = service;
        this.turns = new ChatTurns(service, sessions);
        this.bodies = bodies;
        this.requests = new MessageRequests(bounds);
        this.heads = heads;
        this.streams = streams;
    }

    @Operation(
            summary = "Answers a conversation, in the shape of Anthropic's messages",
            requestBody = @RequestBody(content = @Content(schema = @Schema(implementation = MessageRequest.class))),
            responses =
                    @ApiResponse(
                            responseCode = "200",
                            description = "The answer; with stream=true server-sent events",
                            content = {
                                @Content(
                                        mediaType = MediaType.APPLICATION_JSON_VALUE,
                                        schema = @Schema(implementation = MessageWire.Message.class)),
                                @Content(mediaType = MediaType.TEXT_EVENT_STREAM_VALUE)
                            }))
    @PostMapping(consumes = MediaType.APPLICATION_JSON_VALUE)
    Mono<Void> create(@Parameter(hidden = true) ServerWebExchange exchange) {
        return bodies.read(exchange, MessageRequest.class).flatMap(body -> {
            ServedModel.require(body.model(), service);
            GenerationRequest request = requests.toGeneration(body, Tenant.of(exchange));
            CompletionHead head = heads.next(MessageWire.ID_PREFIX);
            Flux<GenerationEvent> events = turns.answer(exchange, request, body.sessionId(), body.contexture())
                    .onErrorMap(InvalidPromptException.class, e -> MessageTerms.of(body, e));
            if (body.isStreamed()) {
                return streams.writeNamed(
                        exchange,
                        MessageStream.events(head, events),
                        MessageStream.PING,
                        problem -> MessageErrors.event(problem, RequestIdFilter.idOf(exchange)));
            }
            return JsonResponse.write(exchange, MessageAnswer.collect(head, events));
        });
    }

    @Operation(
            summary = "Counts the tokens that a message's prompt would have",
            requestBody = @RequestBody(content = @Content(schema = @Schema(implementation = MessageRequest.class))),
            responses =
                    @ApiResponse(
                            responseCode = "200",
                            content = @Content(schema = @Schema(implementation = MessageWire.TokenCount.class))))
    @PostMapping(path = "/count_tokens", consumes = MediaType.APPLICATION_JSON_VALUE)
    Mono<Void> countTokens(@Parameter(hidden = true) ServerWebExchange exchange) {
        Mono<MessageWire.TokenCount> count = bodies.read(exchange, MessageRequest.class)
                .flatMap(body -> {
                    ServedModel.require(body.model(), service);
                    return service.tokenize(MessageRequests.prompt(body))
                            .onErrorMap(InvalidPromptException.class, e -> MessageTerms.of(body, e));
                })
                .map(tokens -> new MessageWire.TokenCount(tokens.length));
        return JsonResponse.write(exchange, count);
    }
}
