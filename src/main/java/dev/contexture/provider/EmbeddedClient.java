package dev.contexture.provider;

import dev.contexture.core.FinishReason;
import dev.contexture.scheduler.ShuttingDownException;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.InferenceService;
import dev.contexture.session.Prompt;
import dev.contexture.session.Session;
import dev.contexture.session.SessionService;
import dev.contexture.session.Sessions;
import java.util.Map;
import java.util.Optional;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The engine of this process. */
public final class EmbeddedClient implements ContextureClient {
    private final InferenceService service;
    private final Optional<SessionService> sessions;

    /**
     * @param sessions empty: calls that name a session are refused
     */
    public EmbeddedClient(InferenceService service, Optional<SessionService> sessions) {
        this.service = service;
        this.sessions = sessions;
    }

    /** Without sessions. */
    public static EmbeddedClient of(InferenceService service) {
        return new EmbeddedClient(service, Optional.empty());
    }

    @Override
    public Mono<String> model() {
        return Mono.fromSupplier(() -> service.model().id());
    }

    @Override
    public Flux<GenerationEvent> chat(ChatCall call) {
        return Flux.defer(() -> call.session()
                        .map(turn -> sessions().turn(turn.session(), call.request(), turn.options()))
                        .orElseGet(() -> service.generate(call.request())))
                .filter(event -> !(event instanceof GenerationEvent.Drawn || event instanceof GenerationEvent.Begun))
                .doOnNext(EmbeddedClient::requireWhole)
                .onErrorMap(Failures::of);
    }

    @Override
    public Mono<String> newSession() {
        return model().flatMap(model -> sessions()
                        .sessions()
                        .create(
                                ChatCall.TENANT,
                                new Sessions.Asked(model, Optional.empty(), Map.of(), Optional.empty())))
                .map(Session::id)
                .onErrorMap(Failures::of);
    }

    private SessionService sessions() {
        return sessions.orElseThrow(() -> new IllegalArgumentException(
                "session_id must be left out: this model was made without the SessionService"));
    }

    /** Nobody may take an answer for whole that the service itself cut off. */
    private static void requireWhole(GenerationEvent event) {
        if (event instanceof GenerationEvent.Finished finished && finished.reason() == FinishReason.CANCELLED) {
            throw new ShuttingDownException();
        }
    }

    @Override
    public Mono<Integer> countTokens(Prompt prompt) {
        return service.tokenize(prompt).map(tokens -> tokens.length).onErrorMap(Failures::of);
    }
}
