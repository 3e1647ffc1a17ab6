package dev.contexture.model.template;

/** Backslash escapes of string literals, as in Python. */
final class Escapes {
    private Escapes() {}

    static String decode(String text) {
        if (text.indexOf('\\') < 0) {
            return text;
        }
        StringBuilder out = new StringBuilder(text.length());
        int at = 0;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c != '\\' || at + 1 == text.length()) {
                out.append(c);
                at++;
                continue;
            }
            char escaped = text.charAt(at + 1);
            at += 2;
            switch (escaped) {
                case '\n' -> {}
                case 'a' -> out.append('\u0007');
                case 'b' -> out.append('\b');
                case 'f' -> out.append('\f');
                case 'n' -> out.append('\n');
                case 'r' -> out.append('\r');
                case 't' -> out.append('\t');
                case 'v' -> out.append('\u000b');
                case '\\', '\'', '"' -> out.append(escaped);
                case 'x' -> at = hex(text, at, 2, out);
                case 'u' -> at = hex(text, at, 4, out);
                case 'U' -> at = hex(text, at, 8, out);
                case '0', '1', '2', '3', '4', '5', '6', '7' -> at = octal(text, at - 1, out);
                default -> out.append('\\').append(escaped);
            }
        }
        return out.toString();
    }

    private static int hex(String text, int at, int digits, StringBuilder out) {
        long code = 0;
        for (int i = at; i < at + digits; i++) {
            int digit = i < text.length() ? Character.digit(text.charAt(i), 16) : -1;
            if (digit < 0) {
                throw new EvaluationException("an escape with x, u or U in a string needs " + digits + " hex digits");
            }
            code = code * 16 + digit;
        }
        if (code > Character.MAX_CODE_POINT) {
            throw new EvaluationException("the escape \\U" + Long.toHexString(code) + " is beyond Unicode");
        }
        out.appendCodePoint((int) code);
        return at + digits;
    }

    private static int octal(String text, int start, StringBuilder out) {
        int at = start;
        int code = 0;
        while (at < text.length() && at < start + 3 && text.charAt(at) >= '0' && text.charAt(at) <= '7') {
            code = code * 8 + text.charAt(at++) - '0';
        }
        out.appendCodePoint(code);
        return at;
    }
}
