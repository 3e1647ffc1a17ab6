package dev.contexture.core;

/**
 * How sparsely one sequence is decoded.
 *
 * @param budget most tokens attended per step, layer group and KV head: sink + recent + retrieved
 * @param sink first tokens, always attended
 * @param recent last tokens, always attended, the current one included
 * @param residency most tokens of the blocks out of which two-level mode chooses, sink and recent included
 */
public record Sparsity(SparsityMode mode, int budget, int sink, int recent, int residency) {
    /** Attends to everything. */
    public static final Sparsity DENSE = new Sparsity(SparsityMode.DENSE, 1, 0, 1, 1);

    public Sparsity {
        requireSound(budget, sink, recent);
        require(residency >= budget, "residency (" + residency + ") must be at least budget (" + budget + ")");
    }

    static void requireSound(int budget, int sink, int recent) {
        require(budget > 0, "budget must be at least 1 but is " + budget);
        require(sink >= 0, "sink must not be negative but is " + sink);
        require(recent >= 1, "recent must be at least 1, the current token, but is " + recent);
        require(
                (long) sink + recent <= budget,
                "budget (" + budget + ") must hold sink (" + sink + ") and recent (" + recent + ")");
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new IllegalArgumentException(message);
        }
    }

    /** Whether a row that sees this many tokens, itself included, is decoded sparsely. */
    public boolean applies(int tokens) {
        return mode != SparsityMode.DENSE && tokens > budget;
    }
}
