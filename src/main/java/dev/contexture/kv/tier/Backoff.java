package dev.contexture.kv.tier;

import java.time.Duration;
import java.util.function.LongSupplier;

/** When to try again: the pause doubles with every failure in a row, up to 32 times the first. */
final class Backoff {
    private static final int DOUBLINGS_MOST = 5;

    private final long firstNanos;
    private final LongSupplier nanos;
    private int failures;
    private long lastFailureNanos;

    Backoff(Duration first, LongSupplier nanos) {
        this.firstNanos = first.toNanos();
        this.nanos = nanos;
    }

    void failed() {
        failures++;
        lastFailureNanos = nanos.getAsLong();
    }

    void succeeded() {
        failures = 0;
    }

    boolean isOver() {
        return failures == 0
                || nanos.getAsLong() - lastFailureNanos >= firstNanos << Math.min(DOUBLINGS_MOST, failures - 1);
    }
}
