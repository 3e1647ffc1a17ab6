package dev.contexture.session.dialect;

import java.util.BitSet;

/**
 * Follows one JSON value character by character, strictly as RFC 8259 has it, and says where keys and values end. Begins in front of
 * an object or array. Keeps a few numbers, whatever the value's length.
 */
final class JsonScanner {
    /** Most open objects and arrays; deeper ones are refused. A call is one, its arguments have the others. */
    static final int MOST_OPEN = 65;

    /** What a character was. */
    enum Step {
        /** Nothing of note. */
        PART,
        /** The last of a key: its closing quote. */
        KEY,
        /** The first of a value. */
        BEGIN,
        /** The last of a text, an object or an array. */
        VALUE,
        /** Not JSON any more; from here on all is refused. */
        BROKEN
    }

    private enum Place {
        VALUE,
        FIRST_ITEM,
        FIRST_KEY,
        NEXT_KEY,
        COLON,
        BEHIND_VALUE,
        TEXT,
        ESCAPE,
        HEX,
        LITERAL,
        MINUS,
        ZERO,
        WHOLE,
        POINT,
        FRACTION,
        EXPONENT,
        EXPONENT_SIGN,
        EXPONENT_DIGITS,
        END,
        BROKEN
    }

    private Place place = Place.VALUE;
    private int open;
    /** Bit i: whether the i-th open container is an array. */
    private final BitSet arrays = new BitSet();

    private boolean isKey;
    private int hexDigits;
    private String literal = "";

    /** Objects and arrays that are open behind the last character. */
    int open() {
        return open;
    }

    boolean isInText() {
        return place == Place.TEXT || place == Place.ESCAPE || place == Place.HEX;
    }

    Step next(char c) {
        Step step = switch (place) {
            case TEXT -> text(c);
            case ESCAPE -> escape(c);
            case HEX -> hex(c);
            case LITERAL -> literal(c);
            case MINUS, ZERO, WHOLE, POINT, FRACTION, EXPONENT, EXPONENT_SIGN, EXPONENT_DIGITS -> number(c);
            default -> between(c);
        };
        if (step == Step.BROKEN) {
            place = Place.BROKEN;
        }
        return step;
    }

    private Step between(char c) {
        if (place == Place.END || place == Place.BROKEN) {
            return Step.BROKEN;
        }
        if (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
            return Step.PART;
        }
        return switch (place) {
            case VALUE -> value(c);
            case FIRST_ITEM -> c == ']' ? close(true) : value(c);
            case FIRST_KEY -> c == '}' ? close(false) : key(c);
            case NEXT_KEY -> key(c);
            case COLON -> c == ':' ? to(Place.VALUE, Step.PART) : Step.BROKEN;
            case BEHIND_VALUE -> behindValue(c);
            default -> throw new IllegalStateException("no place between values: " + place);
        };
    }

    private Step to(Place next, Step step) {
        place = next;
        return step;
    }

    private Step key(char c) {
        isKey = true;
        return c == '"' ? to(Place.TEXT, Step.PART) : Step.BROKEN;
    }

    private Step value(char c) {
        if (open == 0 && c != '{' && c != '[') {
            return Step.BROKEN;
        }
        switch (c) {
            case '{', '[' -> {
                if (open == MOST_OPEN) {
                    return Step.BROKEN;
                }
                arrays.set(open, c == '[');
                open++;
                place = c == '[' ? Place.FIRST_ITEM : Place.FIRST_KEY;
            }
            case '"' -> {
                isKey = false;
                place = Place.TEXT;
            }
            case '-' -> place = Place.MINUS;
            case '0' -> place = Place.ZERO;
            case 't' -> begin("rue");
            case 'f' -> begin("alse");
            case 'n' -> begin("ull");
            default -> {
                if (!isDigit(c)) {
                    return Step.BROKEN;
                }
                place = Place.WHOLE;
            }
        }
        return Step.BEGIN;
    }

    private void begin(String rest) {
        literal = rest;
        place = Place.LITERAL;
    }

    private Step literal(char c) {
        if (c != literal.charAt(0)) {
            return Step.BROKEN;
        }
        literal = literal.substring(1);
        return to(literal.isEmpty() ? Place.BEHIND_VALUE : Place.LITERAL, Step.PART);
    }

    private boolean isInArray() {
        return arrays.get(open - 1);
    }

    private Step behindValue(char c) {
        return switch (c) {
            case ',' -> to(isInArray() ? Place.VALUE : Place.NEXT_KEY, Step.PART);
            case ']' -> close(true);
            case '}' -> close(false);
            default -> Step.BROKEN;
        };
    }

    private Step close(boolean array) {
        if (isInArray() != array) {
            return Step.BROKEN;
        }
        open--;
        return to(open == 0 ? Place.END : Place.BEHIND_VALUE, Step.VALUE);
    }

    private Step text(char c) {
        if (c == '"') {
            return isKey ? to(Place.COLON, Step.KEY) : to(Place.BEHIND_VALUE, Step.VALUE);
        }
        if (c < ' ') {
            return Step.BROKEN;
        }
        return c == '\\' ? to(Place.ESCAPE, Step.PART) : Step.PART;
    }

    private Step escape(char c) {
        if (c == 'u') {
            hexDigits = 0;
            return to(Place.HEX, Step.PART);
        }
        return "\"\\/bfnrt".indexOf(c) >= 0 ? to(Place.TEXT, Step.PART) : Step.BROKEN;
    }

    private Step hex(char c) {
        if (!isDigit(c) && !(c >= 'a' && c <= 'f') && !(c >= 'A' && c <= 'F')) {
            return Step.BROKEN;
        }
        hexDigits++;
        return to(hexDigits == 4 ? Place.TEXT : Place.HEX, Step.PART);
    }

    private Step number(char c) {
        Place next = switch (place) {
            case MINUS -> c == '0' ? Place.ZERO : isDigit(c) ? Place.WHOLE : Place.BROKEN;
            case ZERO -> point(c);
            case WHOLE -> isDigit(c) ? Place.WHOLE : point(c);
            case POINT -> isDigit(c) ? Place.FRACTION : Place.BROKEN;
            case FRACTION -> isDigit(c) ? Place.FRACTION : exponent(c);
            case EXPONENT ->
                c == '+' || c == '-' ? Place.EXPONENT_SIGN : isDigit(c) ? Place.EXPONENT_DIGITS : Place.BROKEN;
            case EXPONENT_SIGN -> isDigit(c) ? Place.EXPONENT_DIGITS : Place.BROKEN;
            default -> isDigit(c) ? Place.EXPONENT_DIGITS : Place.BEHIND_VALUE;
        };
        if (next == Place.BROKEN) {
            return Step.BROKEN;
        }
        place = next;
        return next == Place.BEHIND_VALUE ? between(c) : Step.PART;
    }

    private static Place point(char c) {
        return c == '.' ? Place.POINT : exponent(c);
    }

    private static Place exponent(char c) {
        return c == 'e' || c == 'E' ? Place.EXPONENT : Place.BEHIND_VALUE;
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }
}
