package dev.contexture.scheduler;

import java.time.Duration;

/** Arithmetic of admission; no state. */
final class Admission {
    private static final Duration SHORTEST_WAIT = Duration.ofSeconds(1);
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(60);

    private Admission() {}

    /** When a caller may come back: the time that the waiting prompts take at the measured rate. */
    static Duration retryAfter(long queuedTokens, double prefillTokensPerSecond) {
        if (!(prefillTokensPerSecond > 0)) {
            return SHORTEST_WAIT;
        }
        Duration wait = Duration.ofMillis((long) (1000 * queuedTokens / prefillTokensPerSecond));
        return wait.compareTo(SHORTEST_WAIT) < 0
                ? SHORTEST_WAIT
                : wait.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : wait;
    }
}
