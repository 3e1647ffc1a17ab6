package dev.contexture.scheduler;

import dev.contexture.core.FinishReason;

/** Counts how sequences end. */
final class CountingListener implements SchedulerListener {
    int admitted;
    int finished;
    int cancelled;
    int failed;
    int preempted;
    int lostBlocks;
    int cachedTokens;

    @Override
    public void admitted(int promptTokens, int cached, long queuedNanos) {
        admitted++;
        cachedTokens += cached;
    }

    @Override
    public void firstToken(long sinceArrivalNanos, long prefillNanos) {}

    @Override
    public void nextToken(long sincePreviousNanos) {}

    @Override
    public void finished(FinishReason reason, int prompt, int output, long sinceArrivalNanos, long decodeNanos) {
        finished++;
    }

    @Override
    public void cancelled(CancelCause cause) {
        cancelled++;
    }

    @Override
    public void failed() {
        failed++;
    }

    @Override
    public void preempted() {
        preempted++;
    }

    @Override
    public void lostBlocks() {
        lostBlocks++;
    }

    @Override
    public void step(int rows, long nanos) {}
}
