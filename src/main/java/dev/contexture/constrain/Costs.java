package dev.contexture.constrain;

import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** Counts what constraints take. Safe for use by several threads. */
final class Costs {
    private final LongSupplier nanos;
    private final LongAdder masks = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder workNanos = new LongAdder();
    private final LongAdder waitNanos = new LongAdder();

    Costs(LongSupplier nanos) {
        this.nanos = nanos;
    }

    long nanos() {
        return nanos.getAsLong();
    }

    <T> T work(Supplier<T> task) {
        return timed(task, workNanos);
    }

    <T> T wait(Supplier<T> task) {
        masks.increment();
        try {
            return timed(task, waitNanos);
        } catch (MaskFailedException e) {
            failed.increment();
            throw e;
        }
    }

    private <T> T timed(Supplier<T> task, LongAdder sum) {
        long begin = nanos.getAsLong();
        try {
            return task.get();
        } finally {
            sum.add(nanos.getAsLong() - begin);
        }
    }

    /** Without what is known elsewhere. */
    ConstraintStats stats(long compiled, long reused, long refused, long keptBytes) {
        return new ConstraintStats(
                masks.sum(), failed.sum(), workNanos.sum(), waitNanos.sum(), compiled, reused, refused, keptBytes);
    }
}
