package dev.contexture.selection;

import dev.contexture.core.SelectionRule.BlockPooling;
import dev.contexture.core.SelectionRule.HeadReduction;

/**
 * What all sequences of an engine share.
 *
 * @param firstDenseLayers layers that attend to everything whatever is selected
 * @param reuseInterval steps for which a selection serves; 1: chosen anew each step
 * @param lowMass a step whose selected mass is below attends to everything; 0: never
 * @param highMass the mass at which a doubtful sequence gets its own budget back
 * @param wideFactor what a doubtful sequence's budget is multiplied by
 * @param maxBudget bound of that
 */
public record SelectionSettings(
        HeadReduction heads,
        BlockPooling pooling,
        int firstDenseLayers,
        int reuseInterval,
        double lowMass,
        double highMass,
        int wideFactor,
        int maxBudget) {
    public static final SelectionSettings DEFAULT =
            new SelectionSettings(HeadReduction.MAX, BlockPooling.SUM, 0, 1, 0, 0, 2, 8192);

    public SelectionSettings {
        require(firstDenseLayers >= 0, "first-dense-layers must not be negative but is " + firstDenseLayers);
        require(reuseInterval >= 1 && reuseInterval <= 16, "reuse-interval must be in 1..16 but is " + reuseInterval);
        require(lowMass >= 0 && lowMass < 1, "low-mass must be in [0, 1) but is " + lowMass);
        require(
                highMass >= lowMass && highMass <= 1,
                "high-mass must be in [low-mass, 1] = [" + lowMass + ", 1] but is " + highMass);
        require(wideFactor >= 1, "wide-factor must be at least 1 but is " + wideFactor);
        require(maxBudget >= 1, "max-budget must be at least 1 but is " + maxBudget);
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new IllegalArgumentException(message);
        }
    }
}
