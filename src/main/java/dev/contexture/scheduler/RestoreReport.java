package dev.contexture.scheduler;

/**
 * What was decided about a prompt's stored blocks before any was loaded.
 *
 * @param loadNanos estimate of loading; {@link Long#MAX_VALUE}: they cannot be reached
 * @param computeNanos estimate of computing the same tokens; {@link Long#MAX_VALUE}: unknown
 */
public record RestoreReport(Choice choice, int tokens, long loadNanos, long computeNanos) {
    /** How a prompt's missing blocks come to the pool. */
    public enum Choice {
        /** Loaded before the sequence runs. */
        WHOLE,
        /** What selections need is loaded first, keys and values as they are selected. */
        PARTIAL,
        /** Computed, but for what host memory has. */
        RECOMPUTE
    }
}
