package dev.contexture.kv.tier.redis;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Keeps calls away from what does not answer. Opens after some failures in a row; then lets one call through after a pause, which doubles
 * with every failure up to a limit, until one succeeds. Safe for use by several threads.
 */
public final class CircuitBreaker {
    private final Settings settings;
    private final LongSupplier nanos;
    private int failures;
    private boolean open;
    private long pauseNanos;
    private long retryAtNanos;
    private boolean probing;

    /**
     * @param failures in a row that open it
     * @param firstPause until the first probe
     * @param longestPause between probes
     */
    public record Settings(int failures, Duration firstPause, Duration longestPause) {
        public Settings {
            if (failures < 1
                    || firstPause.isNegative()
                    || firstPause.isZero()
                    || longestPause.compareTo(firstPause) < 0) {
                throw new IllegalArgumentException("a breaker needs 1 failure or more and pauses that grow, but has "
                        + failures + ", " + firstPause + ", " + longestPause);
            }
        }
    }

    /**
     * @param nanos a monotonic clock
     */
    public CircuitBreaker(Settings settings, LongSupplier nanos) {
        this.settings = settings;
        this.nanos = nanos;
        this.pauseNanos = settings.firstPause.toNanos();
    }

    /** Whether calls are kept away now. */
    public synchronized boolean isOpen() {
        return open && (probing || nanos.getAsLong() - retryAtNanos < 0);
    }

    /** Whether one more call may be made; whoever is told so must say what came of it. */
    synchronized boolean admit() {
        if (!open) {
            return true;
        }
        if (isOpen()) {
            return false;
        }
        probing = true;
        return true;
    }

    synchronized void succeeded() {
        failures = 0;
        open = false;
        probing = false;
        pauseNanos = settings.firstPause.toNanos();
    }

    synchronized void failed() {
        failures++;
        if (probing) {
            pauseNanos = Math.min(2 * pauseNanos, settings.longestPause.toNanos());
        }
        if (probing || failures >= settings.failures) {
            open = true;
            probing = false;
            retryAtNanos = nanos.getAsLong() + pauseNanos;
        }
    }
}
