package dev.contexture.provider;

import dev.contexture.session.GenerationEvent;
import dev.contexture.session.Prompt;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What the adapters ask, and all that they know: the engine of this process ({@link EmbeddedClient}) or a service over HTTP behave
 * alike. All fail with {@link ContextureException}. Vectors are asked of an {@code EmbeddingService}, which has both forms, too.
 */
public interface ContextureClient {
    /** The name of the model that is served. */
    Mono<String> model();

    /**
     * Generates; work begins on subscription. Cancelling the subscription ends it within one step of the engine.
     *
     * @return text, thoughts, calls, the finish, usage; no {@code Drawn}. May come on threads that must not block
     */
    Flux<GenerationEvent> chat(ChatCall call);

    /**
     * A new session without messages, kept as long as the engine's settings say.
     *
     * @return its id, for calls that are its turns
     */
    Mono<String> newSession();

    /** How many tokens generation would read of it: a {@link Prompt.Chat} without tools, or a {@link Prompt.Text}. */
    Mono<Integer> countTokens(Prompt prompt);
}
