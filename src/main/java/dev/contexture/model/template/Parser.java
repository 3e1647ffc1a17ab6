package dev.contexture.model.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Tokens to statements and, by precedence climbing as in Jinja's grammar, to expressions. */
final class Parser {
    private static final int MAX_DEPTH = 200;
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", ">", "<=", ">=");

    private final List<Token> tokens;
    private int next;
    private int depth;

    private Parser(List<Token> tokens) {
        this.tokens = tokens;
    }

    static List<Node.Statement> parse(String template) {
        Parser parser = new Parser(Lexer.tokens(template));
        List<Node.Statement> body = parser.body(Set.of());
        if (parser.peek().kind() != Token.Kind.END) {
            throw parser.error(
                    "unexpected '" + parser.tokens.get(parser.next + 1).text() + "'");
        }
        return body;
    }

    // ---- statements

    /** Statements up to one of the closing names, whose tag is left unread. */
    private List<Node.Statement> body(Set<String> closers) {
        List<Node.Statement> statements = new ArrayList<>();
        while (true) {
            Token token = peek();
            switch (token.kind()) {
                case TEXT -> statements.add(new Node.Text(take().text()));
                case EXPRESSION_BEGIN -> {
                    take();
                    statements.add(new Node.Output(tuple(), token.line()));
                    expect(Token.Kind.EXPRESSION_END, "}}");
                }
                case STATEMENT_BEGIN -> {
                    if (closers.contains(tokens.get(next + 1).text())) {
                        return statements;
                    }
                    if (closers.isEmpty() && tokens.get(next + 1).text().startsWith("end")) {
                        return statements;
                    }
                    take();
                    statements.add(statement());
                }
                default -> {
                    return statements;
                }
            }
        }
    }

    private Node.Statement statement() {
        Token keyword = expect(Token.Kind.NAME, null);
        return nested(() -> switch (keyword.text()) {
            case "if" -> ifStatement();
            case "for" -> forStatement(keyword.line());
            case "set" -> setStatement(keyword.line());
            case "macro" -> macro();
            case "generation" -> {
                endTag();
                yield new Node.Group(closedBody("endgeneration"));
            }
            case "filter" -> {
                Node.Filter filter = filter(null);
                endTag();
                yield new Node.FilterBlock(filter, closedBody("endfilter"));
            }
            case "break" -> {
                endTag();
                yield new Node.Break();
            }
            case "continue" -> {
                endTag();
                yield new Node.Continue();
            }
            default -> throw error("the tag '" + keyword.text() + "' is not supported");
        });
    }

    private Node.Statement ifStatement() {
        List<Node.Branch> branches = new ArrayList<>();
        List<Node.Statement> otherwise = List.of();
        Node.Expression condition = expression();
        endTag();
        branches.add(new Node.Branch(condition, body(Set.of("elif", "else", "endif"))));
        while (true) {
            expect(Token.Kind.STATEMENT_BEGIN, "{%");
            String keyword = expect(Token.Kind.NAME, null).text();
            switch (keyword) {
                case "elif" -> {
                    Node.Expression next = expression();
                    endTag();
                    branches.add(new Node.Branch(next, body(Set.of("elif", "else", "endif"))));
                }
                case "else" -> {
                    endTag();
                    otherwise = body(Set.of("endif"));
                }
                case "endif" -> {
                    endTag();
                    return new Node.If(branches, otherwise);
                }
                default -> throw error("'" + keyword + "' instead of endif");
            }
        }
    }

    private Node.Statement forStatement(int line) {
        List<String> names = new ArrayList<>();
        do {
            names.add(expect(Token.Kind.NAME, null).text());
        } while (accept(","));
        expectName("in");
        Node.Expression items = or();
        Node.Expression filter = acceptName("if") ? expression() : null;
        endTag();
        List<Node.Statement> body = body(Set.of("else", "endfor"));
        expect(Token.Kind.STATEMENT_BEGIN, "{%");
        List<Node.Statement> otherwise = List.of();
        if (acceptName("else")) {
            endTag();
            otherwise = body(Set.of("endfor"));
            expect(Token.Kind.STATEMENT_BEGIN, "{%");
        }
        expectName("endfor");
        endTag();
        return new Node.For(names, items, filter, body, otherwise, line);
    }

    private Node.Statement setStatement(int line) {
        List<String> names = new ArrayList<>();
        do {
            String name = expect(Token.Kind.NAME, null).text();
            names.add(accept(".") ? name + "." + expect(Token.Kind.NAME, null).text() : name);
        } while (accept(","));
        if (accept("=")) {
            Node.Expression value = tuple();
            endTag();
            return new Node.SetValue(names, value, line);
        }
        endTag();
        return new Node.SetBlock(names.getFirst(), closedBody("endset"));
    }

    private Node.Statement macro() {
        String name = expect(Token.Kind.NAME, null).text();
        List<String> parameters = new ArrayList<>();
        Map<String, Node.Expression> defaults = new LinkedHashMap<>();
        expect(Token.Kind.OPERATOR, "(");
        while (!accept(")")) {
            String parameter = expect(Token.Kind.NAME, null).text();
            parameters.add(parameter);
            if (accept("=")) {
                defaults.put(parameter, expression());
            }
            if (!peek().is(Token.Kind.OPERATOR, ")")) {
                expect(Token.Kind.OPERATOR, ",");
            }
        }
        endTag();
        return new Node.Macro(name, parameters, defaults, closedBody("endmacro"));
    }

    private List<Node.Statement> closedBody(String closer) {
        List<Node.Statement> body = body(Set.of(closer));
        expect(Token.Kind.STATEMENT_BEGIN, "{%");
        expectName(closer);
        endTag();
        return body;
    }

    private void endTag() {
        expect(Token.Kind.STATEMENT_END, "%}");
    }

    // ---- expressions, loosest first

    /** One expression, or several with commas between: a list. */
    private Node.Expression tuple() {
        Node.Expression first = expression();
        if (!peek().is(Token.Kind.OPERATOR, ",")) {
            return first;
        }
        List<Node.Expression> items = new ArrayList<>(List.of(first));
        while (accept(",")) {
            items.add(expression());
        }
        return new Node.ListOf(items);
    }

    private Node.Expression expression() {
        return nested(() -> {
            Node.Expression value = or();
            while (acceptName("if")) {
                Node.Expression condition = or();
                Node.Expression otherwise = acceptName("else") ? expression() : null;
                value = new Node.Conditional(condition, value, otherwise);
            }
            return value;
        });
    }

    private Node.Expression or() {
        Node.Expression left = and();
        while (acceptName("or")) {
            left = new Node.Or(left, and());
        }
        return left;
    }

    private Node.Expression and() {
        Node.Expression left = not();
        while (acceptName("and")) {
            left = new Node.And(left, not());
        }
        return left;
    }

    private Node.Expression not() {
        return acceptName("not") ? nested(() -> new Node.Not(not())) : comparison();
    }

    private Node.Expression comparison() {
        int line = peek().line();
        Node.Expression first = sum();
        List<String> operators = new ArrayList<>();
        List<Node.Expression> rest = new ArrayList<>();
        while (true) {
            Token token = peek();
            if (token.kind() == Token.Kind.OPERATOR && COMPARISONS.contains(token.text())) {
                operators.add(take().text());
            } else if (acceptName("in")) {
                operators.add("in");
            } else if (token.is(Token.Kind.NAME, "not") && tokens.get(next + 1).is(Token.Kind.NAME, "in")) {
                next += 2;
                operators.add("not in");
            } else {
                return operators.isEmpty() ? first : new Node.Comparison(first, operators, rest, line);
            }
            rest.add(sum());
        }
    }

    private Node.Expression sum() {
        Node.Expression left = concatenation();
        while (isOperator("+", "-")) {
            Token operator = take();
            left = new Node.Arithmetic(operator.text(), left, concatenation(), operator.line());
        }
        return left;
    }

    private Node.Expression concatenation() {
        Node.Expression left = product();
        while (isOperator("~")) {
            Token operator = take();
            left = new Node.Arithmetic("~", left, product(), operator.line());
        }
        return left;
    }

    private Node.Expression product() {
        Node.Expression left = unary(true);
        while (isOperator("*", "/", "//", "%")) {
            Token operator = take();
            left = new Node.Arithmetic(operator.text(), left, unary(true), operator.line());
        }
        return left;
    }

    private Node.Expression unary(boolean withFilters) {
        Token token = peek();
        Node.Expression value;
        if (accept("-")) {
            value = new Node.Negate(nested(() -> unary(false)), token.line());
        } else if (accept("+")) {
            value = nested(() -> unary(false));
        } else {
            value = power();
        }
        return withFilters ? filters(value) : value;
    }

    private Node.Expression power() {
        Node.Expression base = postfix(primary());
        if (isOperator("**")) {
            Token operator = take();
            return new Node.Arithmetic("**", base, unary(false), operator.line());
        }
        return base;
    }

    private Node.Expression filters(Node.Expression target) {
        Node.Expression value = target;
        while (true) {
            if (accept("|")) {
                value = postfix(filter(value));
            } else if (peek().is(Token.Kind.NAME, "is")) {
                value = test(value);
            } else {
                return value;
            }
        }
    }

    private Node.Filter filter(Node.@Nullable Expression target) {
        Token name = expect(Token.Kind.NAME, null);
        Arguments arguments = accept("(") ? arguments() : new Arguments(List.of(), Map.of());
        return new Node.Filter(target, name.text(), arguments.positional, arguments.named, name.line());
    }

    private Node.Expression test(Node.Expression target) {
        int line = take().line();
        boolean negated = acceptName("not");
        Token name = expect(Token.Kind.NAME, null);
        List<Node.Expression> arguments = new ArrayList<>();
        if (accept("(")) {
            arguments.addAll(arguments().positional);
        } else if (isTestArgument()) {
            arguments.add(postfix(primary()));
        }
        Node.Expression test = new Node.Test(target, name.text(), arguments, line);
        return negated ? new Node.Not(test) : test;
    }

    /** Jinja allows one argument without parentheses: {@code x is divisibleby 3}. */
    private boolean isTestArgument() {
        Token token = peek();
        return switch (token.kind()) {
            case STRING, INTEGER, FLOAT -> true;
            case NAME -> !Set.of("and", "or", "not", "if", "else", "is", "in").contains(token.text());
            default -> token.is(Token.Kind.OPERATOR, "[") || token.is(Token.Kind.OPERATOR, "{");
        };
    }

    private Node.Expression postfix(Node.Expression target) {
        Node.Expression value = target;
        while (true) {
            int line = peek().line();
            if (accept(".")) {
                Token name = take();
                value = name.kind() == Token.Kind.INTEGER
                        ? new Node.Item(value, new Node.Literal(Long.parseLong(name.text())), line)
                        : new Node.Attribute(value, name.text(), line);
            } else if (accept("[")) {
                value = subscript(value, line);
            } else if (accept("(")) {
                Arguments arguments = arguments();
                value = new Node.Call(value, arguments.positional, arguments.named, line);
            } else {
                return value;
            }
        }
    }

    private Node.Expression subscript(Node.Expression target, int line) {
        List<Node.@Nullable Expression> parts = new ArrayList<>();
        boolean slice = false;
        Node.Expression part = null;
        while (!accept("]")) {
            if (accept(":")) {
                slice = true;
                parts.add(part);
                part = null;
            } else {
                part = expression();
            }
        }
        parts.add(part);
        if (!slice) {
            if (part == null) {
                throw error("an index is missing");
            }
            return new Node.Item(target, part, line);
        }
        return new Node.Slice(
                target,
                parts.get(0),
                parts.size() > 1 ? parts.get(1) : null,
                parts.size() > 2 ? parts.get(2) : null,
                line);
    }

    private record Arguments(List<Node.Expression> positional, Map<String, Node.Expression> named) {}

    private Arguments arguments() {
        List<Node.Expression> positional = new ArrayList<>();
        Map<String, Node.Expression> named = new LinkedHashMap<>();
        while (!accept(")")) {
            if (peek().kind() == Token.Kind.NAME && tokens.get(next + 1).is(Token.Kind.OPERATOR, "=")) {
                String name = take().text();
                take();
                named.put(name, expression());
            } else {
                positional.add(expression());
            }
            if (!peek().is(Token.Kind.OPERATOR, ")")) {
                expect(Token.Kind.OPERATOR, ",");
            }
        }
        return new Arguments(positional, named);
    }

    private Node.Expression primary() {
        Token token = take();
        return switch (token.kind()) {
            case STRING -> {
                StringBuilder text = new StringBuilder(token.text());
                while (peek().kind() == Token.Kind.STRING) {
                    text.append(take().text());
                }
                yield new Node.Literal(text.toString());
            }
            case INTEGER -> new Node.Literal(Long.parseLong(token.text()));
            case FLOAT -> new Node.Literal(Double.parseDouble(token.text()));
            case NAME ->
                switch (token.text()) {
                    case "true", "True" -> new Node.Literal(true);
                    case "false", "False" -> new Node.Literal(false);
                    case "none", "None" -> new Node.Literal(null);
                    default -> new Node.Name(token.text());
                };
            case OPERATOR ->
                switch (token.text()) {
                    case "(" -> parenthesised();
                    case "[" -> new Node.ListOf(items("]"));
                    case "{" -> dict();
                    default -> throw error("unexpected '" + token.text() + "'");
                };
            default -> throw error("an expression is missing before '" + token.text() + "'");
        };
    }

    private Node.Expression parenthesised() {
        if (accept(")")) {
            return new Node.ListOf(List.of());
        }
        Node.Expression first = expression();
        if (accept(")")) {
            return first;
        }
        expect(Token.Kind.OPERATOR, ",");
        List<Node.Expression> rest = items(")");
        List<Node.Expression> all = new ArrayList<>(List.of(first));
        all.addAll(rest);
        return new Node.ListOf(all);
    }

    private List<Node.Expression> items(String close) {
        List<Node.Expression> items = new ArrayList<>();
        while (!accept(close)) {
            items.add(expression());
            if (!peek().is(Token.Kind.OPERATOR, close)) {
                expect(Token.Kind.OPERATOR, ",");
            }
        }
        return items;
    }

    private Node.Expression dict() {
        List<Node.Expression> keys = new ArrayList<>();
        List<Node.Expression> values = new ArrayList<>();
        while (!accept("}")) {
            keys.add(expression());
            expect(Token.Kind.OPERATOR, ":");
            values.add(expression());
            if (!peek().is(Token.Kind.OPERATOR, "}")) {
                expect(Token.Kind.OPERATOR, ",");
            }
        }
        return new Node.DictOf(keys, values);
    }

    // ---- tokens

    private interface Part<T> {
        T parse();
    }

    private <T> T nested(Part<T> part) {
        if (++depth > MAX_DEPTH) {
            throw error("nested deeper than " + MAX_DEPTH);
        }
        T result = part.parse();
        depth--;
        return result;
    }

    private Token peek() {
        return tokens.get(next);
    }

    private Token take() {
        Token token = tokens.get(next);
        if (token.kind() != Token.Kind.END) {
            next++;
        }
        return token;
    }

    private boolean isOperator(String... operators) {
        Token token = peek();
        return token.kind() == Token.Kind.OPERATOR && List.of(operators).contains(token.text());
    }

    private boolean accept(String operator) {
        boolean found = peek().is(Token.Kind.OPERATOR, operator);
        if (found) {
            next++;
        }
        return found;
    }

    private boolean acceptName(String name) {
        boolean found = peek().is(Token.Kind.NAME, name);
        if (found) {
            next++;
        }
        return found;
    }

    private void expectName(String name) {
        expect(Token.Kind.NAME, name);
    }

    private Token expect(Token.Kind kind, @Nullable String text) {
        Token token = take();
        if (token.kind() != kind || text != null && !token.text().equals(text)) {
            String found = token.kind() == Token.Kind.END ? "the end of the template" : "'" + token.text() + "'";
            throw error("expected " + (text == null ? "a name" : "'" + text + "'") + " but found " + found);
        }
        return token;
    }

    private TemplateException error(String message) {
        return new TemplateException("template line " + peek().line() + ": " + message);
    }
}
