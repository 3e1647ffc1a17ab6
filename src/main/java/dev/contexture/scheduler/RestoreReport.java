package dev.contexture.scheduler;

/**
 * What was decided about a prompt's stored blocks before any was loaded, and what then came back.
 *
 * @param tokens that the pool did not have
 * @param loadNanos estimate of loading; {@link Long#MAX_VALUE}: they cannot be reached
 * @param computeNanos estimate of computing the same tokens; {@link Long#MAX_VALUE}: unknown
 * @param hostTokens that came back from host memory
 * @param remoteTokens that came back from the tier behind it
 */
public record RestoreReport(
        Choice choice, int tokens, long loadNanos, long computeNanos, int hostTokens, int remoteTokens) {
    /** Nothing has come yet. */
    RestoreReport(Choice choice, int tokens, long loadNanos, long computeNanos) {
        this(choice, tokens, loadNanos, computeNanos, 0, 0);
    }

    RestoreReport came(int fromHost, int fromRemote) {
        return new RestoreReport(choice, tokens, loadNanos, computeNanos, fromHost, fromRemote);
    }

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
