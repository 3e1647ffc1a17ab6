package dev.contexture.split;

/** What a token ends, so that a block may end behind it. The order is that of the tables and of their digests. */
public enum DelimiterType {
    /** A control token, such as an end-of-turn mark. */
    TURN("turn"),
    BLANK_LINE("blank-line"),
    NEWLINE("newline"),
    SENTENCE_END("sentence-end"),
    COLON("colon"),
    COMMA("comma"),
    /** A closing bracket or quotation mark. */
    CLOSE("close"),
    /** The end of a table's cell. */
    CELL("cell"),
    /** No delimiter. */
    NONE("none");

    private static final String SENTENCE_ENDS = ".!?\u3002\uFF01\uFF1F";
    private static final String COLONS = ";:\uFF1A\uFF1B";
    private static final String COMMAS = ",\uFF0C\u3001";
    private static final String CLOSES = ")]}>\u00BB\u201D\"";
    private static final String CELLS = "|\t";

    private final String label;

    DelimiterType(String label) {
        this.label = label;
    }

    /** The name in tables. */
    public String label() {
        return label;
    }

    /** Of a token that is no control token, by its own text. */
    static DelimiterType of(String text) {
        if (text.contains("\n\n")) {
            return BLANK_LINE;
        }
        if (text.contains("\n")) {
            return NEWLINE;
        }
        int end = text.length();
        while (end > 0 && text.charAt(end - 1) == ' ') {
            end--;
        }
        return end == 0 ? NONE : endingWith(text.charAt(end - 1));
    }

    private static DelimiterType endingWith(char last) {
        if (SENTENCE_ENDS.indexOf(last) >= 0) {
            return SENTENCE_END;
        }
        if (COLONS.indexOf(last) >= 0) {
            return COLON;
        }
        if (COMMAS.indexOf(last) >= 0) {
            return COMMA;
        }
        if (CLOSES.indexOf(last) >= 0) {
            return CLOSE;
        }
        return CELLS.indexOf(last) >= 0 ? CELL : NONE;
    }
}
