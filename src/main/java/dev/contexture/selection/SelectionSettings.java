package dev.contexture.selection;

import dev.contexture.core.SelectionRule.BlockPooling;
import dev.contexture.core.SelectionRule.HeadReduction;

/**
 * What all sequences of an engine share.
 *
 * @param firstDenseLayers layers that attend to everything whatever is selected
 * @param reuseInterval steps for which a selection serves; 1: chosen anew each step
 */
public record SelectionSettings(
        HeadReduction heads,
        BlockPooling pooling,
        int firstDenseLayers,
        int reuseInterval,
        Confidence confidence,
        PrefillBound prefill) {
    public static final SelectionSettings DEFAULT = new SelectionSettings(
            HeadReduction.MAX, BlockPooling.SUM, 0, 1, new Confidence(0, 0, 2, 8192), PrefillBound.NONE);

    public SelectionSettings {
        require(firstDenseLayers >= 0, "first-dense-layers must not be negative but is " + firstDenseLayers);
        require(reuseInterval >= 1 && reuseInterval <= 16, "reuse-interval must be in 1..16 but is " + reuseInterval);
    }

    /**
     * When selections are not to be trusted.
     *
     * @param lowMass a step whose selected mass is below attends to everything; 0: never
     * @param highMass the mass at which a doubtful sequence gets its own budget back
     * @param wideFactor what a doubtful sequence's budget is multiplied by
     * @param maxBudget bound of that
     */
    public record Confidence(double lowMass, double highMass, int wideFactor, int maxBudget) {
        public Confidence {
            require(lowMass >= 0 && lowMass < 1, "low-mass must be in [0, 1) but is " + lowMass);
            require(
                    highMass >= lowMass && highMass <= 1,
                    "high-mass must be in [low-mass, 1] = [" + lowMass + ", 1] but is " + highMass);
            require(wideFactor >= 1, "wide-factor must be at least 1 but is " + wideFactor);
            require(maxBudget >= 1, "max-budget must be at least 1 but is " + maxBudget);
        }
    }

    /**
     * What chunks of prompts see before them.
     *
     * @param budget most tokens before a chunk that its rows attend to; 0: all
     * @param queries tokens of a chunk whose wishes count
     */
    public record PrefillBound(int budget, int queries) {
        /** Everything. */
        public static final PrefillBound NONE = new PrefillBound(0, 32);

        public PrefillBound {
            require(budget >= 0, "prefill-budget must not be negative but is " + budget);
            require(queries >= 1 && queries <= 512, "prefill-queries must be in 1..512 but is " + queries);
        }

        /** Whether a chunk behind so many tokens is bounded. */
        public boolean applies(int contextTokens) {
            return budget > 0 && contextTokens > budget;
        }
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new IllegalArgumentException(message);
        }
    }
}
