package dev.contexture.model.template;

import java.util.List;

/** The tokens of a template, read one after the other, and how deep the parser is in them. */
final class TokenStream {
    private static final int MAX_DEPTH = 150;

    private final List<Token> tokens;
    private int next;
    private int depth;

    TokenStream(List<Token> tokens) {
        this.tokens = tokens;
    }

    /** A part of the grammar. */
    interface Part<T> {
        T parse();
    }

    <T> T nested(Part<T> part) {
        if (++depth > MAX_DEPTH) {
            throw error("nested deeper than " + MAX_DEPTH);
        }
        T result = part.parse();
        depth--;
        return result;
    }

    Token peek() {
        return tokens.get(next);
    }

    /** Line of the token taken last. */
    int lineBehind() {
        return tokens.get(Math.max(0, next - 1)).line();
    }

    /** The token behind {@link #peek}. */
    Token second() {
        return tokens.get(Math.min(next + 1, tokens.size() - 1));
    }

    Token take() {
        Token token = tokens.get(next);
        if (token.kind() != Token.Kind.END) {
            next++;
        }
        return token;
    }

    boolean at(String operator) {
        return peek().is(Token.Kind.OPERATOR, operator);
    }

    boolean atAny(List<String> operators) {
        return peek().kind() == Token.Kind.OPERATOR && operators.contains(peek().text());
    }

    boolean atName(String name) {
        return peek().is(Token.Kind.NAME, name);
    }

    boolean accept(String operator) {
        boolean found = at(operator);
        if (found) {
            next++;
        }
        return found;
    }

    boolean acceptName(String name) {
        boolean found = atName(name);
        if (found) {
            next++;
        }
        return found;
    }

    void expect(String operator) {
        if (!accept(operator)) {
            throw unexpected("'" + operator + "'");
        }
    }

    void expectName(String name) {
        if (!acceptName(name)) {
            throw unexpected("'" + name + "'");
        }
    }

    void expect(Token.Kind kind, String description) {
        if (peek().kind() != kind) {
            throw unexpected(description);
        }
        take();
    }

    /** Any name. */
    Token name() {
        if (peek().kind() != Token.Kind.NAME) {
            throw unexpected("a name");
        }
        return take();
    }

    TemplateException unexpected(String wanted) {
        return error("expected " + wanted + " but found " + peek().description());
    }

    TemplateException error(String message) {
        return new TemplateException(peek().line(), message);
    }
}
