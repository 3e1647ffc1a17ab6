package dev.contexture.model.template;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a template into tokens, with {@code trim_blocks} and {@code lstrip_blocks} as chat templates are written for: the
 * line break behind a block and the blanks before it are dropped, unless {@code +} asks to keep them; {@code -} drops all
 * white space on its side.
 */
final class Lexer {
    private static final Pattern TAG = Pattern.compile("\\{([{%#])([-+]?)");
    private static final Pattern RAW_END = Pattern.compile("\\{%([-+]?)\\s*endraw\\s*([-+]?)%}");
    private static final Pattern TOKEN = Pattern.compile(
            "\\s*(?:"
                    + "(?<name>[A-Za-z_][A-Za-z0-9_]*)"
                    + "|(?<float>\\d+(?:\\.\\d+(?:[eE][+-]?\\d+)?|[eE][+-]?\\d+))"
                    + "|(?<integer>\\d+)"
                    + "|(?<string>'(?:[^'\\\\]|\\\\.)*+'|\"(?:[^\"\\\\]|\\\\.)*+\")"
                    + "|(?<operator>==|!=|<=|>=|//|\\*\\*|[-+*/%~<>=.,:|()\\[\\]{}]))",
            Pattern.DOTALL);

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int position;

    private Lexer(String source) {
        this.source = source;
    }

    static List<Token> tokens(String template) {
        // As Jinja does: one line break at the very end is not part of the template.
        String source = template.replace("\r\n", "\n");
        return new Lexer(source.endsWith("\n") ? source.substring(0, source.length() - 1) : source).run();
    }

    private List<Token> run() {
        boolean trimLeft = false;
        while (position < source.length()) {
            Matcher tag = TAG.matcher(source);
            boolean found = tag.find(position);
            int end = found ? tag.start() : source.length();
            String text = source.substring(position, end);
            if (found) {
                text = stripBefore(text, tag.group(1).equals("{"), tag.group(2));
            }
            text(trimLeft ? text.stripLeading() : text);
            if (!found) {
                break;
            }
            position = tag.end();
            trimLeft = switch (tag.group(1)) {
                case "#" -> comment();
                case "{" -> expression();
                default -> statement();
            };
        }
        tokens.add(new Token(Token.Kind.END, "", line(source.length())));
        return tokens;
    }

    private void text(String text) {
        if (!text.isEmpty()) {
            tokens.add(new Token(Token.Kind.TEXT, text, line(position)));
        }
    }

    private String stripBefore(String text, boolean isExpression, String mark) {
        if (mark.equals("-")) {
            return text.stripTrailing();
        }
        if (isExpression || mark.equals("+")) {
            return text;
        }
        int lineStart = text.lastIndexOf('\n') + 1;
        boolean beginsLine = lineStart > 0 || position == 0 || source.charAt(position - 1) == '\n';
        return beginsLine && text.substring(lineStart).isBlank() ? text.substring(0, lineStart) : text;
    }

    private boolean comment() {
        int end = source.indexOf("#}", position);
        if (end < 0) {
            throw error("a comment is not closed", position);
        }
        boolean trim = end > position && source.charAt(end - 1) == '-';
        position = end + 2;
        skipLineBreak();
        return trim;
    }

    private boolean expression() {
        tokens.add(new Token(Token.Kind.EXPRESSION_BEGIN, "{{", line(position)));
        boolean trim = inside("}}");
        tokens.add(new Token(Token.Kind.EXPRESSION_END, "}}", line(position)));
        return trim;
    }

    private boolean statement() {
        int begin = tokens.size();
        tokens.add(new Token(Token.Kind.STATEMENT_BEGIN, "{%", line(position)));
        boolean trim = inside("%}");
        if (tokens.size() == begin + 2 && tokens.get(begin + 1).is(Token.Kind.NAME, "raw")) {
            tokens.subList(begin, tokens.size()).clear();
            return raw(trim);
        }
        tokens.add(new Token(Token.Kind.STATEMENT_END, "%}", line(position)));
        return trim;
    }

    private boolean raw(boolean trimLeft) {
        Matcher end = RAW_END.matcher(source);
        if (!end.find(position)) {
            throw error("a raw block is not closed", position);
        }
        String text = stripBefore(source.substring(position, end.start()), false, end.group(1));
        text(trimLeft ? text.stripLeading() : text);
        position = end.end();
        if (!end.group(2).equals("+")) {
            skipLineBreak();
        }
        return end.group(2).equals("-");
    }

    /**
     * Tokens up to the closing mark.
     *
     * @return whether white space behind it is dropped
     */
    private boolean inside(String close) {
        Matcher token = TOKEN.matcher(source);
        int depth = 0;
        while (true) {
            int at = position;
            while (at < source.length() && Character.isWhitespace(source.charAt(at))) {
                at++;
            }
            if (depth == 0) {
                for (String mark : new String[] {"-", "+", ""}) {
                    if (source.startsWith(mark + close, at)) {
                        position = at + mark.length() + close.length();
                        if (close.equals("%}") && !mark.equals("+")) {
                            skipLineBreak();
                        }
                        return mark.equals("-");
                    }
                }
            }
            token.region(position, source.length());
            if (!token.lookingAt()) {
                throw error(
                        at >= source.length()
                                ? "a tag is not closed"
                                : "unexpected character '" + source.charAt(at) + "'",
                        at);
            }
            depth += add(token);
            position = token.end();
        }
    }

    private int add(Matcher token) {
        for (String group : new String[] {"name", "integer", "float", "operator"}) {
            String text = token.group(group);
            if (text != null) {
                Token.Kind kind = Token.Kind.valueOf(group.toUpperCase(java.util.Locale.ROOT));
                tokens.add(new Token(kind, text, line(token.start(group))));
                return kind != Token.Kind.OPERATOR ? 0 : "([{".contains(text) ? 1 : ")]}".contains(text) ? -1 : 0;
            }
        }
        String quoted = token.group("string");
        tokens.add(new Token(
                Token.Kind.STRING, unescape(quoted.substring(1, quoted.length() - 1)), line(token.start("string"))));
        return 0;
    }

    private static String unescape(String text) {
        if (text.indexOf('\\') < 0) {
            return text;
        }
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '\\' || i + 1 == text.length()) {
                out.append(c);
                continue;
            }
            char escaped = text.charAt(++i);
            switch (escaped) {
                case 'n' -> out.append('\n');
                case 't' -> out.append('\t');
                case 'r' -> out.append('\r');
                case '\\', '\'', '"' -> out.append(escaped);
                case 'u' -> {
                    if (i + 4 >= text.length()) {
                        throw new TemplateException("the escape \\u needs four digits");
                    }
                    out.append((char) Integer.parseInt(text.substring(i + 1, i + 5), 16));
                    i += 4;
                }
                default -> out.append('\\').append(escaped);
            }
        }
        return out.toString();
    }

    private void skipLineBreak() {
        if (position < source.length() && source.charAt(position) == '\n') {
            position++;
        }
    }

    private int line(int at) {
        int line = 1;
        for (int i = 0; i < Math.min(at, source.length()); i++) {
            if (source.charAt(i) == '\n') {
                line++;
            }
        }
        return line;
    }

    private TemplateException error(String message, int at) {
        return new TemplateException("template line " + line(at) + ": " + message);
    }
}
