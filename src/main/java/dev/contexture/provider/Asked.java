package dev.contexture.provider;

import dev.contexture.provider.ContextureException.Kind;
import dev.contexture.session.GenerationEvent;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * An answer that is being made.
 *
 * @param answer what it will be put together in
 * @param events that it is made of, on threads that may block: handlers and stages behind a future are the caller's code
 */
public record Asked(SingleAnswer answer, Flux<GenerationEvent> events) {
    /**
     * Nothing is asked before the events are subscribed to.
     *
     * @param model that the request names; null: whatever is served
     * @param call makes a call of the answer's id; its {@link IllegalArgumentException}s are errors of the result
     */
    public static Mono<Asked> of(ContextureClient client, @Nullable String model, Function<String, ChatCall> call) {
        return client.model()
                .map(served -> {
                    if (model != null && !model.equals(served)) {
                        throw new ContextureException(
                                Kind.MODEL_NOT_FOUND,
                                "the model " + model + " is not served; " + served + " is",
                                "model",
                                null,
                                null);
                    }
                    SingleAnswer answer = new SingleAnswer("chatcmpl-" + UUID.randomUUID(), served);
                    return new Asked(
                            answer, client.chat(call.apply(answer.id())).publishOn(Schedulers.boundedElastic()));
                })
                .onErrorMap(Failures::of);
    }

    /** The whole answer. */
    public Mono<SingleAnswer> whole() {
        return events.reduce(answer, SingleAnswer::with);
    }
}
