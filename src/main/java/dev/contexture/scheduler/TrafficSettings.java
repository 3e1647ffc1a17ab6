package dev.contexture.scheduler;

/**
 * Bounds of the traffic between the KV pool and the tiers below.
 *
 * @param turnBytes of stored values that one turn moves in each direction, so that running streams do not wait for long
 * @param turnNanos after which it moves no further block
 * @param stepShare of the time of steps that storing may take while sequences run
 * @param aheadBlocks blocks of one sequence that are asked for before they are wanted
 * @param longestWaitNanos for the next block of a sequence, before the rest is computed
 * @param leavingBlocks most blocks that wait to be stored; more are not stored at all
 * @param partial how sessions come back in part
 */
public record TrafficSettings(
        int turnBytes,
        long turnNanos,
        double stepShare,
        int aheadBlocks,
        long longestWaitNanos,
        int leavingBlocks,
        Partial partial) {
    /**
     * Partial restores.
     *
     * @param residencyTokens most tokens of the blocks that one step may bring, by layer group and head; 0: no partial restores
     * @param messageTokens most new tokens of a session that comes back in part; with more it comes whole
     * @param chunkTokens new tokens that share one selection; 1: each chooses for itself
     * @param longestStepNanos what bringing the difference between two selections may be estimated to take; where it takes more,
     *     sessions come whole
     * @param fills whether the rest follows in the background once the first token is out
     */
    public record Partial(
            int residencyTokens, int messageTokens, int chunkTokens, long longestStepNanos, boolean fills) {
        /** Sessions come back whole. */
        public static final Partial NONE = new Partial(0, 1, 1, 1, false);

        public Partial {
            if (residencyTokens < 0) {
                throw new IllegalArgumentException("residencyTokens must not be negative but is " + residencyTokens);
            }
            requirePositive(messageTokens, "messageTokens");
            requirePositive(chunkTokens, "chunkTokens");
            requirePositive(longestStepNanos, "longestStepNanos");
        }
    }

    public TrafficSettings {
        requirePositive(turnBytes, "turnBytes");
        requirePositive(turnNanos, "turnNanos");
        if (!(stepShare > 0 && stepShare <= 1)) {
            throw new IllegalArgumentException("stepShare must be above 0 and at most 1 but is " + stepShare);
        }
        requirePositive(aheadBlocks, "aheadBlocks");
        requirePositive(longestWaitNanos, "longestWaitNanos");
        requirePositive(leavingBlocks, "leavingBlocks");
    }

    /** Whether a turn has moved its share in one direction. */
    boolean isSpent(long bytes, long nanos) {
        return bytes >= turnBytes || nanos >= turnNanos;
    }

    private static void requirePositive(long value, String name) {
        if (value <= 0) {
            throw new IllegalArgumentException(name + " must be positive but is " + value);
        }
    }
}
