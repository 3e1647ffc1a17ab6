package dev.contexture.split;

/** How token streams are cut into blocks. All but {@link #DYNAMIC} are what a benchmark holds it against. */
public enum SplitMode {
    /** Behind the delimiter that weighs most near the ideal end (DD-Select). */
    DYNAMIC,
    /** Blocks of one length. */
    FIXED,
    /** Blocks of one length behind a first one of half of it: a placebo, as good as fixed but for chance. */
    SHIFTED_FIXED,
    /** Lengths drawn within the bounds of dynamic blocks, whatever the text says. */
    RANDOM,
    /** Behind the delimiter of any type that is nearest to the ideal end. */
    DELIMITER_LIST;

    /** Whether tokens matter, and not only their number. */
    public boolean readsTokens() {
        return this == DYNAMIC || this == DELIMITER_LIST;
    }
}
