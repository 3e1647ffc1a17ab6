package dev.contexture.selection;

/**
 * Whether one sequence's selections are to be trusted.
 *
 * <p>The head's own attention tells how much of itself a selection holds. Where that is little, the head is unsure or the
 * context is needed widely; the step then attends to everything, and the following ones get a larger budget until the
 * mass is well above the bound again: two bounds, so that a sequence near one of them does not flap.
 */
public final class ConfidenceGate {
    /** Sure steps in a row that end the doubt. */
    static final int SURE_STEPS = 8;

    private final SelectionSettings.Confidence settings;
    private boolean doubtful;
    private int sureSteps;

    public ConfidenceGate(SelectionSettings.Confidence settings) {
        this.settings = settings;
    }

    /** The budget that the next selection gets. */
    public int budget(int asked) {
        return doubtful
                ? (int) Math.max(asked, Math.min((long) asked * settings.wideFactor(), settings.maxBudget()))
                : asked;
    }

    /**
     * @param mass of the selection that was just made
     * @return whether the step may use it; else it attends to everything
     */
    public boolean accept(double mass) {
        if (mass < settings.lowMass()) {
            doubtful = true;
            sureSteps = 0;
            return false;
        }
        if (doubtful) {
            sureSteps = mass >= settings.highMass() ? sureSteps + 1 : 0;
            doubtful = sureSteps < SURE_STEPS;
        }
        return true;
    }
}
