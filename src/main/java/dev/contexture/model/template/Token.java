package dev.contexture.model.template;

/** A piece of a template; {@code line} counts from 1. */
record Token(Kind kind, String text, int line) {
    enum Kind {
        TEXT,
        NAME,
        STRING,
        INTEGER,
        FLOAT,
        OPERATOR,
        EXPRESSION_BEGIN,
        EXPRESSION_END,
        STATEMENT_BEGIN,
        STATEMENT_END,
        END
    }

    boolean is(Kind wanted, String wantedText) {
        return kind == wanted && text.equals(wantedText);
    }

    String description() {
        return switch (kind) {
            case END -> "the end of the template";
            case EXPRESSION_END, STATEMENT_END -> "the end of the tag";
            case TEXT -> "text";
            default -> "'" + text + "'";
        };
    }
}
