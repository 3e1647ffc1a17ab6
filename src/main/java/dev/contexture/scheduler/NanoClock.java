package dev.contexture.scheduler;

/** A monotonic clock in nanoseconds. */
@FunctionalInterface
public interface NanoClock {
    long nanos();
}
