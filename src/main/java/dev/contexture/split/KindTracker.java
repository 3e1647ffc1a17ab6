package dev.contexture.split;

/**
 * Tells what kind of text a sequence is in, from its last tokens' shapes alone: naive Bayes over a window, in whole numbers,
 * with hysteresis.
 */
final class KindTracker {
    /*
     * A lone list in a letter or a quoted line in code should not change what delimiters weigh. A rival must therefore lead by
     * more than any one token can speak for it, and for a while; the first bound comes from the table, as only the table knows
     * the unit of its scores.
     */
    static final int WINDOW_TOKENS = 128;
    static final int PATIENCE_TOKENS = 16;

    private static final TextKind[] KINDS = TextKind.values();

    private final ShapeScores scores;
    private final TokenShape[] window = new TokenShape[WINDOW_TOKENS];
    private final int[] sums = new int[KINDS.length];
    private long seen;
    private TextKind kind = TextKind.PROSE;
    private TextKind rival = TextKind.PROSE;
    private int rivalLedTokens;

    KindTracker(ShapeScores scores) {
        this.scores = scores;
    }

    /** Takes the next token. */
    void accept(TokenShape shape) {
        int place = (int) (seen % WINDOW_TOKENS);
        boolean full = seen >= WINDOW_TOKENS;
        for (TextKind each : KINDS) {
            int gone = full ? scores.of(window[place], each) : 0;
            sums[each.ordinal()] += scores.of(shape, each) - gone;
        }
        window[place] = shape;
        seen++;
        weigh();
    }

    private void weigh() {
        TextKind best = kind;
        for (TextKind each : KINDS) {
            if (sums[each.ordinal()] > sums[best.ordinal()]) {
                best = each;
            }
        }
        if (sums[best.ordinal()] - sums[kind.ordinal()] <= scores.widest()) {
            rivalLedTokens = 0;
            return;
        }
        rivalLedTokens = best == rival ? rivalLedTokens + 1 : 1;
        rival = best;
        if (rivalLedTokens == PATIENCE_TOKENS) {
            kind = best;
            rivalLedTokens = 0;
        }
    }

    /** The kind at the last token taken. */
    TextKind kind() {
        return kind;
    }
}
