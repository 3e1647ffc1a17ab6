package dev.contexture.scheduler;

/**
 * Bounds of the scheduler.
 *
 * @param maxStepTokens rows of one step: decode rows first, then prefill chunks
 * @param maxRunning sequences that take part in steps
 * @param maxQueuedRequests sequences that wait; one more is refused
 * @param maxQueuedTokens prompt tokens that wait; a request that passes this is refused unless the queue is empty
 * @param contextLength longest sequence in tokens, prompt and output together
 */
public record SchedulerConfig(
        int maxStepTokens, int maxRunning, int maxQueuedRequests, long maxQueuedTokens, int contextLength) {
    public SchedulerConfig {
        requirePositive(maxStepTokens, "max-step-tokens");
        requirePositive(maxRunning, "max-running");
        requirePositive(maxQueuedRequests, "max-queued-requests");
        requirePositive(maxQueuedTokens, "max-queued-tokens");
        requirePositive(contextLength, "context-length");
        if (maxStepTokens < maxRunning) {
            throw new IllegalArgumentException("max-step-tokens (" + maxStepTokens + ") must be at least max-running ("
                    + maxRunning + "), as every running sequence needs a row");
        }
    }

    private static void requirePositive(long value, String name) {
        if (value <= 0) {
            throw new IllegalArgumentException(name + " must be positive but is " + value);
        }
    }
}
