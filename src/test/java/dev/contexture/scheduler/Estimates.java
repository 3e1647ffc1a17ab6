package dev.contexture.scheduler;

/** A {@link RestoreGate} whose estimates a test gives: nothing that is measured changes them. */
interface Estimates extends RestoreGate {
    @Override
    default long stepNanos(long hostBytes, long remoteBytes) {
        return loadNanos(hostBytes, remoteBytes);
    }

    @Override
    default long rowNanos() {
        return 0;
    }

    @Override
    default void moved(long bytes, long nanos) {}

    @Override
    default void restored(long bytes, long nanos) {}

    @Override
    default void computed(int from, int tokens, long nanos) {}
}
