package dev.contexture.core;

/**
 * The server's sparsity and how far a request may leave it.
 *
 * @param defaults what a request gets that says nothing
 * @param maxBudget most tokens that a request may ask for
 * @param residencyFactor residency of two-level mode in budgets
 * @param available whether the server can select at all
 */
public record SparsityPolicy(Sparsity defaults, int maxBudget, int residencyFactor, boolean available) {
    /** Dense, whatever is asked. */
    public static final SparsityPolicy DENSE_ONLY = new SparsityPolicy(Sparsity.DENSE, 1, 1, false);

    public SparsityPolicy {
        if (maxBudget < defaults.budget()) {
            throw new IllegalArgumentException(
                    "max-budget (" + maxBudget + ") must hold the default budget (" + defaults.budget() + ")");
        }
        if (residencyFactor < 1) {
            throw new IllegalArgumentException("residency-factor must be at least 1 but is " + residencyFactor);
        }
    }

    /**
     * @throws IllegalArgumentException names the field first
     */
    public Sparsity resolve(SparsityOverrides asked) {
        SparsityMode mode = asked.mode() == null ? defaults.mode() : asked.mode();
        if (!available) {
            requireSound(asked);
            if (mode != SparsityMode.DENSE && mode != SparsityMode.AUTO) {
                throw new IllegalArgumentException(
                        "mode is not available: this server attends to everything; leave it out or set it to dense");
            }
            return Sparsity.DENSE;
        }
        int budget = or(asked.budget(), defaults.budget());
        if (budget > maxBudget) {
            throw new IllegalArgumentException("budget must be at most " + maxBudget + " but is " + budget);
        }
        return new Sparsity(
                mode, budget, or(asked.sink(), defaults.sink()), or(asked.recent(), defaults.recent()), (int)
                        Math.min(Integer.MAX_VALUE, (long) budget * residencyFactor));
    }

    /** Numbers that no server takes are refused where nothing is selected, too. */
    private static void requireSound(SparsityOverrides asked) {
        int budget = or(asked.budget(), Integer.MAX_VALUE);
        Sparsity.requireSound(budget, or(asked.sink(), 0), or(asked.recent(), 1));
    }

    private static int or(@org.jspecify.annotations.Nullable Integer value, int otherwise) {
        return value == null ? otherwise : value;
    }
}
