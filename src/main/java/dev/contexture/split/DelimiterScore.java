package dev.contexture.split;

/** By which measure a table's delimiter weights were learned. */
public enum DelimiterScore {
    /** As published: attention to what is near less attention to all that is far. */
    LITERAL("literal"),
    /** The first tokens, to which every query attends, are left out of what is far. */
    SINKLESS("sinkless"),
    /** All delimiters weigh the same, so the nearest one is taken. */
    NONE("none");

    private final String label;

    DelimiterScore(String label) {
        this.label = label;
    }

    /** The name in tables. */
    public String label() {
        return label;
    }
}
