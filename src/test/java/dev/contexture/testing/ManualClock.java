package dev.contexture.testing;

import java.time.Duration;
import java.util.function.LongSupplier;

/** A clock that goes on by a microsecond whenever it is read, and by more when it is told to. */
public final class ManualClock implements LongSupplier {
    private long nanos;

    @Override
    public synchronized long getAsLong() {
        nanos += 1_000;
        return nanos;
    }

    public synchronized void advance(Duration duration) {
        nanos += duration.toNanos();
    }
}
