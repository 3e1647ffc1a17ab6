package dev.contexture.core;

/**
 * How a sequence was decoded.
 *
 * @param mode as asked for or by default; DENSE if nothing may be selected
 * @param budget in tokens; 0 in DENSE
 * @param sparseSteps steps that attended to a selection
 * @param denseSteps steps that attended to everything: below the budget, or by falling back
 * @param fallbackSteps of these, steps that would have been sparse
 * @param massSum sum of the selected mass over the sparse steps
 */
public record SparsityUsage(
        SparsityMode mode, int budget, long sparseSteps, long denseSteps, long fallbackSteps, double massSum) {
    public static final SparsityUsage NONE = new SparsityUsage(SparsityMode.DENSE, 0, 0, 0, 0, 0);

    /** Mean share of the retrieval head's attention that the selections held; 1 if nothing was left out. */
    public double meanSelectedMass() {
        return sparseSteps == 0 ? 1 : massSum / sparseSteps;
    }

    /** Both together: choices of one request. The mode and the budget are the same. */
    public SparsityUsage plus(SparsityUsage other) {
        return new SparsityUsage(
                mode == SparsityMode.DENSE ? other.mode : mode,
                Math.max(budget, other.budget),
                sparseSteps + other.sparseSteps,
                denseSteps + other.denseSteps,
                fallbackSteps + other.fallbackSteps,
                massSum + other.massSum);
    }
}
