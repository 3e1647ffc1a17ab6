package dev.contexture.scheduler;

import dev.contexture.core.FinishReason;

/**
 * Hears what the loop does, for metrics. Called on the loop's thread, {@link #failed} also where sinks are
 * called; must not block or throw.
 */
public interface SchedulerListener {
    SchedulerListener NONE = new SchedulerListener() {
        @Override
        public void admitted(int promptTokens, int cachedTokens, long queuedNanos) {}

        @Override
        public void firstToken(long sinceArrivalNanos, long prefillNanos) {}

        @Override
        public void nextToken(long sincePreviousNanos) {}

        @Override
        public void finished(
                FinishReason reason, int promptTokens, int outputTokens, long sinceArrivalNanos, long decodeNanos) {}

        @Override
        public void cancelled(CancelCause cause) {}

        @Override
        public void failed() {}

        @Override
        public void preempted() {}

        @Override
        public void lostBlocks() {}

        @Override
        public void step(int rows, long nanos) {}
    };

    /** A sequence left the queue for the first time. */
    void admitted(int promptTokens, int cachedTokens, long queuedNanos);

    void firstToken(long sinceArrivalNanos, long prefillNanos);

    void nextToken(long sincePreviousNanos);

    void finished(FinishReason reason, int promptTokens, int outputTokens, long sinceArrivalNanos, long decodeNanos);

    void cancelled(CancelCause cause);

    void failed();

    void preempted();

    /** A sequence that was there in part lost blocks that it needs, and is computed again. */
    void lostBlocks();

    void step(int rows, long nanos);
}
