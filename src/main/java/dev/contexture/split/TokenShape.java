package dev.contexture.split;

import java.util.function.IntPredicate;

/**
 * How a token looks: what tells prose from code, dialogue and tables without a model. Letters are ASCII letters and all code
 * points from U+00C0; only ASCII has capitals here. The order is that of the tables and of their digests.
 */
public enum TokenShape {
    /** A control token. */
    SPECIAL("special"),
    NEWLINE_INDENT("newline-indent"),
    DIGIT("digit"),
    /** A word in lower case behind a space. */
    WORD("word"),
    CAPITAL_WORD("capital-word"),
    /** Letters in lower case that go on with a word. */
    INNER_LOWER("inner-lower"),
    INNER_CAPITAL("inner-capital"),
    UNDERSCORE("underscore"),
    BRACKET("bracket"),
    OPERATOR("operator"),
    CELL("cell"),
    QUOTE("quote"),
    SENTENCE_END("sentence-end"),
    COMMA("comma"),
    DASH("dash"),
    OTHER("other");

    private static final int FIRST_LETTER_BEYOND_ASCII = 0xC0;

    private final String label;

    TokenShape(String label) {
        this.label = label;
    }

    /** The name in tables. */
    public String label() {
        return label;
    }

    /** Of a token that is no control token, by its own text. */
    static TokenShape of(String text) {
        if (text.contains("\n") || text.length() >= 2 && isAll(text, c -> c == ' ')) {
            return NEWLINE_INDENT;
        }
        boolean spaced = text.startsWith(" ");
        String body = spaced ? text.substring(1) : text;
        if (isAll(body, TokenShape::isDigit)) {
            return DIGIT;
        }
        if (isAll(body, TokenShape::isLetter)) {
            boolean lower = isAll(body, c -> !isCapital(c));
            if (!spaced) {
                return lower ? INNER_LOWER : INNER_CAPITAL;
            }
            if (lower || isCapital(body.charAt(0))) {
                return lower ? WORD : CAPITAL_WORD;
            }
        }
        return bySigns(text);
    }

    private static TokenShape bySigns(String text) {
        if (hasAny(text, "_")) {
            return UNDERSCORE;
        }
        if (hasAny(text, "()[]{}<>")) {
            return BRACKET;
        }
        if (hasAny(text, "=+*/%&^~\\@#$")) {
            return OPERATOR;
        }
        if (hasAny(text, "|\t")) {
            return CELL;
        }
        if (hasAny(text, "\"'`\u201C\u201D\u2018\u2019")) {
            return QUOTE;
        }
        if (hasAny(text, ".!?")) {
            return SENTENCE_END;
        }
        if (hasAny(text, ",;:")) {
            return COMMA;
        }
        return hasAny(text, "-") ? DASH : OTHER;
    }

    /** Whether there is a code point and the test holds for each. */
    private static boolean isAll(String text, IntPredicate test) {
        return !text.isEmpty() && text.codePoints().allMatch(test);
    }

    private static boolean hasAny(String text, String signs) {
        return text.chars().anyMatch(c -> signs.indexOf(c) >= 0);
    }

    private static boolean isDigit(int codePoint) {
        return codePoint >= '0' && codePoint <= '9';
    }

    private static boolean isCapital(int codePoint) {
        return codePoint >= 'A' && codePoint <= 'Z';
    }

    private static boolean isLetter(int codePoint) {
        return isCapital(codePoint) || codePoint >= 'a' && codePoint <= 'z' || codePoint >= FIRST_LETTER_BEYOND_ASCII;
    }
}
