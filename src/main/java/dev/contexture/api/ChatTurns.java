package dev.contexture.api;

import dev.contexture.session.GenerationEvent;
import dev.contexture.session.GenerationRequest;
import dev.contexture.session.InferenceService;
import dev.contexture.session.SessionService;
import org.jspecify.annotations.Nullable;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Flux;

/** Has a chat answered: by itself, or as the next turn of the session that header or body name. */
final class ChatTurns {
    private final InferenceService service;
    private final SessionService sessions;

    ChatTurns(InferenceService service, SessionService sessions) {
        this.service = service;
        this.sessions = sessions;
    }

    /**
     * @param inBody the body's session
     * @throws InvalidRequestException names the field at fault
     */
    Flux<GenerationEvent> answer(
            ServerWebExchange exchange,
            GenerationRequest request,
            @Nullable String inBody,
            @Nullable ContextureFields ours) {
        return SessionNames.of(exchange, inBody)
                .map(session -> inSession(session, request, ours))
                .orElseGet(() -> service.generate(request));
    }

    private Flux<GenerationEvent> inSession(
            String session, GenerationRequest request, @Nullable ContextureFields ours) {
        if (request.choices() > 1) {
            throw InvalidRequestException.badValue(
                    "A session goes on with one answer: leave 'n' out, or fork the session for each.", "n");
        }
        return sessions.turn(session, request, ContextureFields.turn(ours, sessions.longestWait()));
    }
}
