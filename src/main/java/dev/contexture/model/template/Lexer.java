package dev.contexture.model.template;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Cuts a template into tokens, with {@code trim_blocks} and {@code lstrip_blocks} as chat templates are written for: the
 * line break behind a block and the blanks before it are dropped, unless {@code +} asks to keep them; {@code -} drops all
 * white space on its side.
 */
final class Lexer {
    /** Longest first, so that {@code **} is not read as two products. */
    private static final List<String> OPERATORS = List.of(
            "==", "!=", "<=", ">=", "//", "**", "+", "-", "*", "/", "%", "~", "<", ">", "=", ".", ",", ":", "|", "(",
            ")", "[", "]", "{", "}", ";");

    /** What follows a tag's closing mark. */
    private enum After {
        KEEP,
        TRIM_LINE_BREAK,
        TRIM_ALL
    }

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int position;
    private int line = 1;
    private int lineKnownAt;

    private Lexer(String source) {
        this.source = source;
    }

    static List<Token> tokens(String template) {
        String source = template.replace("\r\n", "\n").replace('\r', '\n');
        // As Jinja does: one line break at the very end is not part of the template.
        return new Lexer(source.endsWith("\n") ? source.substring(0, source.length() - 1) : source).run();
    }

    private List<Token> run() {
        while (position < source.length()) {
            int tag = nextTag();
            if (tag < 0) {
                text(source.substring(position));
                position = source.length();
                break;
            }
            boolean output = source.charAt(tag + 1) == '{';
            char sign = tag + 2 < source.length() ? source.charAt(tag + 2) : ' ';
            boolean signed = sign == '-' || sign == '+';
            text(before(source.substring(position, tag), position, signed ? sign : ' ', output));
            char kind = source.charAt(tag + 1);
            position = tag + (signed ? 3 : 2);
            switch (kind) {
                case '#' -> comment(tag);
                case '{' -> output(tag);
                default -> statement(tag);
            }
        }
        tokens.add(new Token(Token.Kind.END, "", line(source.length())));
        return List.copyOf(tokens);
    }

    private int nextTag() {
        for (int at = source.indexOf('{', position); at >= 0; at = source.indexOf('{', at + 1)) {
            if (at + 1 < source.length() && "{%#".indexOf(source.charAt(at + 1)) >= 0) {
                return at;
            }
        }
        return -1;
    }

    private void text(String text) {
        if (!text.isEmpty()) {
            tokens.add(new Token(Token.Kind.TEXT, text, line(position)));
        }
    }

    /** The text before a tag, less what the tag's sign and lstrip_blocks take away. */
    private String before(String text, int start, char sign, boolean output) {
        if (sign == '-') {
            return Python.stripTrailing(text);
        }
        if (output || sign == '+') {
            return text;
        }
        int lineStart = text.lastIndexOf('\n') + 1;
        boolean beginsLine = lineStart > 0 || start == 0 || source.charAt(start - 1) == '\n';
        boolean blank = text.substring(lineStart).chars().allMatch(Python::isSpace);
        return beginsLine && blank ? text.substring(0, lineStart) : text;
    }

    private void after(After after) {
        switch (after) {
            case KEEP -> {}
            case TRIM_LINE_BREAK -> {
                if (position < source.length() && source.charAt(position) == '\n') {
                    position++;
                }
            }
            case TRIM_ALL -> skipSpace();
        }
    }

    private void skipSpace() {
        while (position < source.length() && Python.isSpace(source.charAt(position))) {
            position++;
        }
    }

    private static After afterBlock(char sign) {
        return switch (sign) {
            case '-' -> After.TRIM_ALL;
            case '+' -> After.KEEP;
            default -> After.TRIM_LINE_BREAK;
        };
    }

    private void comment(int tag) {
        int end = source.indexOf("#}", position);
        if (end < 0) {
            throw error("a comment is not closed", tag);
        }
        char sign = end > position ? source.charAt(end - 1) : ' ';
        position = end + 2;
        after(afterBlock(sign));
    }

    private void output(int tag) {
        tokens.add(new Token(Token.Kind.EXPRESSION_BEGIN, "{{", line(tag)));
        char sign = inside("}}", tag);
        tokens.add(new Token(Token.Kind.EXPRESSION_END, "}}", line(position)));
        after(sign == '-' ? After.TRIM_ALL : After.KEEP);
    }

    private void statement(int tag) {
        if (rawBegins()) {
            raw(tag);
            return;
        }
        tokens.add(new Token(Token.Kind.STATEMENT_BEGIN, "{%", line(tag)));
        char sign = inside("%}", tag);
        tokens.add(new Token(Token.Kind.STATEMENT_END, "%}", line(position)));
        after(afterBlock(sign));
    }

    /** Consumes {@code raw %}} if it stands here. */
    private boolean rawBegins() {
        int start = position;
        skipSpace();
        if (source.startsWith("raw", position)) {
            position += 3;
            skipSpace();
            if (source.startsWith("-%}", position)) {
                position += 3;
                skipSpace();
                return true;
            }
            if (source.startsWith("%}", position)) {
                position += 2;
                return true;
            }
        }
        position = start;
        return false;
    }

    private void raw(int tag) {
        int start = position;
        for (int open = source.indexOf("{%", start); open >= 0; open = source.indexOf("{%", open + 1)) {
            position = open + 2;
            char sign = take("-+");
            skipSpace();
            if (!source.startsWith("endraw", position)) {
                continue;
            }
            position += "endraw".length();
            skipSpace();
            char closing = take("-+");
            if (source.startsWith("%}", position)) {
                int end = position + 2;
                position = start;
                text(before(source.substring(start, open), start, sign, false));
                position = end;
                after(afterBlock(closing));
                return;
            }
        }
        throw error("a raw block is not closed", tag);
    }

    private char take(String signs) {
        if (position < source.length() && signs.indexOf(source.charAt(position)) >= 0) {
            return source.charAt(position++);
        }
        return ' ';
    }

    /**
     * Tokens up to the closing mark.
     *
     * @return the mark's sign, or a blank
     */
    private char inside(String close, int tag) {
        Deque<Character> open = new ArrayDeque<>();
        while (true) {
            skipSpace();
            if (position >= source.length()) {
                throw error("a tag is not closed", tag);
            }
            char c = source.charAt(position);
            if (open.isEmpty()) {
                boolean signed = c == '-' || c == '+' && close.equals("%}");
                if (source.startsWith(close, signed ? position + 1 : position)) {
                    position += close.length() + (signed ? 1 : 0);
                    return signed ? c : ' ';
                }
            }
            if (c == '\'' || c == '"') {
                string(c);
            } else if (c >= '0' && c <= '9') {
                number();
            } else if (Character.isUnicodeIdentifierStart(source.codePointAt(position)) || c == '_') {
                name();
            } else {
                operator(open);
            }
        }
    }

    private void name() {
        int start = position;
        while (position < source.length() && Character.isUnicodeIdentifierPart(source.codePointAt(position))) {
            position += Character.charCount(source.codePointAt(position));
        }
        if (position == start) {
            position++;
        }
        tokens.add(new Token(Token.Kind.NAME, source.substring(start, position), line(start)));
    }

    private void number() {
        int start = position;
        // Behind a dot it is an index, as in list.0.1, and no fraction follows.
        boolean index = start > 0 && source.charAt(start - 1) == '.';
        char radix = start + 1 < source.length() ? Character.toLowerCase(source.charAt(start + 1)) : ' ';
        if (source.charAt(start) == '0' && "xob".indexOf(radix) >= 0) {
            radixNumber(start, radix == 'x' ? 16 : radix == 'o' ? 8 : 2);
            return;
        }
        digits();
        boolean fraction = false;
        if (!index && isDigit(position + 1) && source.charAt(position) == '.') {
            position++;
            digits();
            fraction = true;
        }
        if (!index && position < source.length() && (source.charAt(position) | 0x20) == 'e') {
            int sign = position + 1 < source.length() && "+-".indexOf(source.charAt(position + 1)) >= 0 ? 1 : 0;
            if (isDigit(position + 1 + sign)) {
                position += 1 + sign;
                digits();
                fraction = true;
            }
        }
        String text = source.substring(start, position).replace("_", "");
        tokens.add(new Token(fraction ? Token.Kind.FLOAT : Token.Kind.INTEGER, text, line(start)));
    }

    private void radixNumber(int start, int radix) {
        position += 2;
        while (position < source.length()
                && (Character.digit(source.charAt(position), radix) >= 0 || source.charAt(position) == '_')) {
            position++;
        }
        String digits = source.substring(start + 2, position).replace("_", "");
        if (digits.isEmpty()) {
            throw error("'" + source.substring(start, position) + "' is no number", start);
        }
        tokens.add(new Token(Token.Kind.INTEGER, new java.math.BigInteger(digits, radix).toString(), line(start)));
    }

    private boolean isDigit(int at) {
        return at < source.length() && source.charAt(at) >= '0' && source.charAt(at) <= '9';
    }

    private void digits() {
        while (isDigit(position)
                || position < source.length() && source.charAt(position) == '_' && isDigit(position + 1)) {
            position++;
        }
    }

    private void string(char quote) {
        int start = position;
        int end = start + 1;
        while (end < source.length() && source.charAt(end) != quote) {
            end += source.charAt(end) == '\\' ? 2 : 1;
        }
        if (end >= source.length()) {
            throw error("a string is not closed", start);
        }
        position = end + 1;
        String text = source.substring(start + 1, end);
        try {
            tokens.add(new Token(Token.Kind.STRING, Escapes.decode(text), line(start)));
        } catch (EvaluationException e) {
            throw error(String.valueOf(e.getMessage()), start);
        }
    }

    private void operator(Deque<Character> open) {
        for (String operator : OPERATORS) {
            if (source.startsWith(operator, position)) {
                balance(operator.charAt(0), open);
                tokens.add(new Token(Token.Kind.OPERATOR, operator, line(position)));
                position += operator.length();
                return;
            }
        }
        throw error("unexpected character '" + Character.toString(source.codePointAt(position)) + "'", position);
    }

    private void balance(char c, Deque<Character> open) {
        switch (c) {
            case '(' -> open.push(')');
            case '[' -> open.push(']');
            case '{' -> open.push('}');
            case ')', ']', '}' -> {
                if (open.isEmpty() || open.pop() != c) {
                    throw error("unexpected '" + c + "'", position);
                }
            }
            default -> {}
        }
    }

    /** Lines are counted once, as positions only grow but for small steps back. */
    private int line(int at) {
        if (at < lineKnownAt) {
            return line
                    - (int) source.substring(at, lineKnownAt)
                            .chars()
                            .filter(c -> c == '\n')
                            .count();
        }
        for (; lineKnownAt < at; lineKnownAt++) {
            if (source.charAt(lineKnownAt) == '\n') {
                line++;
            }
        }
        return line;
    }

    private TemplateException error(String message, int at) {
        return new TemplateException(line(at), message);
    }
}
