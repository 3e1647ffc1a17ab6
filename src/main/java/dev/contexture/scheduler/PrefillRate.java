package dev.contexture.scheduler;

/** How fast prompts are computed, whoever they are of. Written by the loop's thread, read by others. */
final class PrefillRate {
    private static final double NEW_WEIGHT = 0.2;

    private volatile double tokensPerSecond;

    /** A step of so many rows; it counts if most of them were prompts'. */
    void add(int sequences, int rows, long nanos) {
        if (rows > 2 * sequences && nanos > 0) {
            double measured = rows * 1e9 / nanos;
            double before = tokensPerSecond;
            tokensPerSecond = before == 0 ? measured : before + NEW_WEIGHT * (measured - before);
        }
    }

    /** 0 before anything was measured. */
    double tokensPerSecond() {
        return tokensPerSecond;
    }
}
