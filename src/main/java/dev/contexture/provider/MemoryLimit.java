package dev.contexture.provider;

import dev.contexture.provider.ContextureException.Kind;
import java.time.Duration;
import reactor.core.publisher.Mono;

/** The longest that a memory of a framework waits for what it asks. */
public final class MemoryLimit {
    /** Each call of a store, each wait for a turn and each request has a limit of its own, and a few of them make an answer. */
    private static final Duration LONGEST = Duration.ofMinutes(2);

    private MemoryLimit() {}

    public static <T> Mono<T> of(Mono<T> answer) {
        return answer.timeout(
                LONGEST,
                Mono.error(() -> new ContextureException(
                        Kind.TIMEOUT, "the memory gave no answer in " + LONGEST.toSeconds() + " s")));
    }
}
