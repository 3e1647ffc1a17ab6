package dev.contexture.provider.remote;

import dev.contexture.provider.ContextureException;
import java.time.Duration;
import java.util.Optional;

/**
 * When a request is sent again that nothing was heard of yet.
 *
 * @param most times that it is sent again; 0: never
 * @param firstWait before the first of these; doubles each time
 * @param longestWait also of what the service asks for: if it wants more, the error is the caller's to wait out
 */
public record RetryPolicy(int most, Duration firstWait, Duration longestWait) {
    /** Most that {@code most} may be. */
    public static final int BOUND = 10;

    public static final RetryPolicy DEFAULT = new RetryPolicy(2, Duration.ofMillis(500), Duration.ofSeconds(30));

    public RetryPolicy {
        if (most < 0 || most > BOUND) {
            throw new IllegalArgumentException("max-retries must be 0 to " + BOUND + " but is " + most);
        }
        if (firstWait.isNegative() || firstWait.isZero() || longestWait.compareTo(firstWait) < 0) {
            throw new IllegalArgumentException(
                    "the first wait before a retry must be more than 0 and at most the longest, " + longestWait
                            + ", but is " + firstWait);
        }
    }

    /**
     * How long to wait before it is sent again.
     *
     * @param failed times that it failed before this
     * @param repeatable whether it may be done twice, as far as the service's state goes
     * @param random in [0, 1): spreads callers that failed together over the second half of the wait
     * @return empty: the failure stands
     */
    Optional<Duration> wait(ContextureException failure, int failed, boolean repeatable, double random) {
        if (failed >= most || !isPassing(failure.kind(), repeatable)) {
            return Optional.empty();
        }
        Duration backOff = firstWait.multipliedBy(1L << failed);
        Duration own = backOff.compareTo(longestWait) > 0 ? longestWait : backOff;
        Duration spread = own.dividedBy(2).plusNanos((long) (own.toNanos() / 2 * random));
        return failure.retryAfter()
                .map(asked -> asked.compareTo(longestWait) > 0
                        ? Optional.<Duration>empty()
                        : Optional.of(asked.compareTo(spread) > 0 ? asked : spread))
                .orElse(Optional.of(spread));
    }

    private static boolean isPassing(ContextureException.Kind kind, boolean repeatable) {
        return switch (kind) {
            case RATE_LIMITED, UNAVAILABLE, UNREACHABLE -> true;
            case DISCONNECTED -> repeatable;
            case INVALID_REQUEST,
                    CONTEXT_LENGTH,
                    MODEL_NOT_FOUND,
                    SESSION_NOT_FOUND,
                    SESSION_BUSY,
                    AUTHENTICATION,
                    TIMEOUT,
                    INTERNAL -> false;
        };
    }
}
