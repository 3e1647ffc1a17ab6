package dev.contexture.split;

/** What a text is like at some place; delimiters weigh differently in each. */
public enum TextKind {
    PROSE("prose"),
    CODE("code"),
    DIALOGUE("dialogue"),
    TABLE("table");

    private final String label;

    TextKind(String label) {
        this.label = label;
    }

    /** The name in tables. */
    public String label() {
        return label;
    }
}
