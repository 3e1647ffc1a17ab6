package dev.contexture.model.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Expressions, loosest operator first, in Jinja's own precedence: {@code ~} binds tighter than {@code +}, a filter tighter
 * than any operator, {@code **} goes left to right, and a sign binds tighter than {@code **}.
 */
final class ExpressionParser {
    private static final List<String> COMPARISONS = List.of("==", "!=", "<", ">", "<=", ">=");
    private static final List<String> SUMS = List.of("+", "-");
    private static final List<String> PRODUCTS = List.of("*", "/", "//", "%");
    private static final Set<String> NO_TEST_ARGUMENT = Set.of("and", "or", "else");
    private static final Value.Undefined NO_ELSE =
            new Value.Undefined("the inline if expression was false and has no else");

    private final TokenStream tokens;
    private Set<String> namesSeen = new HashSet<>();
    private boolean lenient;

    ExpressionParser(TokenStream tokens) {
        this.tokens = tokens;
    }

    /** Names read since the last call with an empty set: macros want to know whether they use {@code varargs}. */
    Set<String> swapNames(Set<String> names) {
        Set<String> seen = namesSeen;
        namesSeen = names;
        return seen;
    }

    /**
     * Unknown filters and tests are refused while parsing, but where the code may never run: inside {@code if}.
     *
     * @return what it was before
     */
    boolean swapLenient(boolean now) {
        boolean before = lenient;
        lenient = now;
        return before;
    }

    /** One expression, or several with commas between: a tuple. */
    Node.Expression tuple() {
        return tuple(true);
    }

    /** As {@link #tuple} but without inline if: the head of {@code for} and {@code if}. */
    Node.Expression headTuple() {
        return tuple(false);
    }

    private Node.Expression tuple(boolean conditional) {
        Node.Expression first = conditional ? expression() : or();
        if (!tokens.at(",")) {
            return first;
        }
        List<Node.Expression> items = new ArrayList<>(List.of(first));
        while (tokens.accept(",")) {
            if (tokens.at(")")
                    || tokens.peek().kind() == Token.Kind.EXPRESSION_END
                    || tokens.peek().kind() == Token.Kind.STATEMENT_END) {
                break;
            }
            items.add(conditional ? expression() : or());
        }
        return new Node.TupleOf(items);
    }

    Node.Expression expression() {
        return tokens.nested(() -> {
            Node.Expression value = or();
            while (tokens.acceptName("if")) {
                boolean before = swapLenient(true);
                Node.Expression condition = or();
                Node.Expression otherwise = tokens.acceptName("else") ? expression() : new Node.Literal(NO_ELSE);
                swapLenient(before);
                value = new Node.Conditional(condition, value, otherwise);
            }
            return value;
        });
    }

    private Node.Expression or() {
        Node.Expression left = and();
        while (tokens.acceptName("or")) {
            left = new Node.Or(left, and());
        }
        return left;
    }

    private Node.Expression and() {
        Node.Expression left = not();
        while (tokens.acceptName("and")) {
            left = new Node.And(left, not());
        }
        return left;
    }

    private Node.Expression not() {
        return tokens.acceptName("not") ? tokens.nested(() -> new Node.Not(not())) : comparison();
    }

    private Node.Expression comparison() {
        int line = tokens.peek().line();
        Node.Expression first = sum();
        List<String> operators = new ArrayList<>();
        List<Node.Expression> rest = new ArrayList<>();
        while (true) {
            if (tokens.atAny(COMPARISONS)) {
                operators.add(tokens.take().text());
            } else if (tokens.acceptName("in")) {
                operators.add("in");
            } else if (tokens.atName("not") && tokens.second().is(Token.Kind.NAME, "in")) {
                tokens.take();
                tokens.take();
                operators.add("not in");
            } else {
                return operators.isEmpty() ? first : new Node.Comparison(first, operators, rest, line);
            }
            rest.add(sum());
        }
    }

    private Node.Expression sum() {
        Node.Expression left = concatenation();
        while (tokens.atAny(SUMS)) {
            Token operator = tokens.take();
            left = new Node.Arithmetic(operator.text(), left, concatenation(), operator.line());
        }
        return left;
    }

    private Node.Expression concatenation() {
        int line = tokens.peek().line();
        Node.Expression first = product();
        if (!tokens.at("~")) {
            return first;
        }
        List<Node.Expression> parts = new ArrayList<>(List.of(first));
        while (tokens.accept("~")) {
            parts.add(product());
        }
        return new Node.Concatenation(parts, line);
    }

    private Node.Expression product() {
        Node.Expression left = power();
        while (tokens.atAny(PRODUCTS)) {
            Token operator = tokens.take();
            left = new Node.Arithmetic(operator.text(), left, power(), operator.line());
        }
        return left;
    }

    private Node.Expression power() {
        Node.Expression left = filters(unary());
        while (tokens.at("**")) {
            Token operator = tokens.take();
            left = new Node.Arithmetic("**", left, filters(unary()), operator.line());
        }
        return left;
    }

    private Node.Expression unary() {
        Token token = tokens.peek();
        if (tokens.atAny(SUMS)) {
            tokens.take();
            Node.Expression value = tokens.nested(this::unary);
            return postfix(new Node.Signed(token.text().equals("-"), value, token.line()));
        }
        return postfix(primary());
    }

    private Node.Expression filters(Node.Expression target) {
        Node.Expression value = target;
        while (true) {
            int line = tokens.peek().line();
            if (tokens.accept("|")) {
                value = new Node.Filtered(value, filter());
            } else if (tokens.acceptName("is")) {
                value = test(value, line);
            } else if (tokens.accept("(")) {
                value = new Node.Call(value, arguments(), line);
            } else {
                return value;
            }
        }
    }

    /** Filters with {@code |} between, the first without one. */
    List<Node.FilterCall> filterChain() {
        List<Node.FilterCall> filters = new ArrayList<>();
        do {
            filters.add(filter());
        } while (tokens.accept("|"));
        return filters;
    }

    private Node.FilterCall filter() {
        Token first = tokens.name();
        String name = dotted(first);
        if (!lenient && !Filters.exists(name)) {
            throw new TemplateException(first.line(), "there is no filter '" + name + "'");
        }
        Node.CallArguments arguments = tokens.accept("(") ? arguments() : Node.CallArguments.NONE;
        return new Node.FilterCall(name, arguments, first.line());
    }

    private String dotted(Token first) {
        StringBuilder name = new StringBuilder(first.text());
        while (tokens.accept(".")) {
            name.append('.').append(tokens.name().text());
        }
        return name.toString();
    }

    private Node.Expression test(Node.Expression target, int line) {
        boolean negated = tokens.acceptName("not");
        String name = dotted(tokens.name());
        if (!lenient && !Tests.exists(name)) {
            throw new TemplateException(line, "there is no test '" + name + "'");
        }
        Node.CallArguments arguments = Node.CallArguments.NONE;
        if (tokens.accept("(")) {
            arguments = arguments();
        } else if (isTestArgument()) {
            if (tokens.atName("is")) {
                throw tokens.error("tests cannot be chained with 'is'");
            }
            arguments = new Node.CallArguments(List.of(postfix(primary())), Map.of());
        }
        Node.Expression test = new Node.Test(target, name, arguments, line);
        return negated ? new Node.Not(test) : test;
    }

    /** One argument may stand without parentheses: {@code x is divisibleby 3}. */
    private boolean isTestArgument() {
        Token token = tokens.peek();
        return switch (token.kind()) {
            case STRING, INTEGER, FLOAT -> true;
            case NAME -> !NO_TEST_ARGUMENT.contains(token.text());
            default -> tokens.at("[") || tokens.at("{");
        };
    }

    private Node.Expression postfix(Node.Expression target) {
        Node.Expression value = target;
        while (true) {
            int line = tokens.peek().line();
            if (tokens.accept(".")) {
                value = tokens.peek().kind() == Token.Kind.INTEGER
                        ? new Node.Item(value, new Node.Literal(integer(tokens.take())), line)
                        : new Node.Attribute(value, tokens.name().text(), line);
            } else if (tokens.accept("[")) {
                value = subscript(value, line);
            } else if (tokens.accept("(")) {
                value = new Node.Call(value, arguments(), line);
            } else {
                return value;
            }
        }
    }

    private Node.Expression subscript(Node.Expression target, int line) {
        Node.Expression none = new Node.Literal(Value.None.NONE);
        Node.Expression from = tokens.at(":") ? none : expression();
        if (!tokens.accept(":")) {
            return item(target, from, line);
        }
        Node.Expression to = tokens.at(":") || tokens.at("]") ? none : expression();
        Node.Expression step = tokens.accept(":") && !tokens.at("]") ? expression() : none;
        tokens.expect("]");
        return new Node.Slice(target, from, to, step, line);
    }

    private Node.Expression item(Node.Expression target, Node.Expression first, int line) {
        List<Node.Expression> keys = new ArrayList<>(List.of(first));
        while (tokens.accept(",")) {
            keys.add(expression());
        }
        tokens.expect("]");
        return new Node.Item(target, keys.size() == 1 ? first : new Node.TupleOf(keys), line);
    }

    /** Behind the opening parenthesis. */
    Node.CallArguments arguments() {
        List<Node.Expression> positional = new ArrayList<>();
        Map<String, Node.Expression> named = new LinkedHashMap<>();
        while (!tokens.accept(")")) {
            if (tokens.peek().kind() == Token.Kind.NAME && tokens.second().is(Token.Kind.OPERATOR, "=")) {
                String name = tokens.take().text();
                tokens.take();
                if (named.put(name, expression()) != null) {
                    throw tokens.error("the argument '" + name + "' is given twice");
                }
            } else if (named.isEmpty()) {
                positional.add(expression());
            } else {
                throw tokens.error("an argument without a name follows one with a name");
            }
            separator(")");
        }
        return new Node.CallArguments(positional, named);
    }

    private void separator(String close) {
        if (!tokens.at(close)) {
            tokens.expect(",");
        }
    }

    private Node.Expression primary() {
        Token token = tokens.peek();
        return switch (token.kind()) {
            case STRING -> string();
            case INTEGER -> new Node.Literal(integer(tokens.take()));
            case FLOAT ->
                new Node.Literal(new Value.Real(Double.parseDouble(tokens.take().text())));
            case NAME -> name(tokens.take().text());
            case OPERATOR -> bracketed();
            default -> throw tokens.unexpected("an expression");
        };
    }

    private Node.Expression string() {
        StringBuilder text = new StringBuilder();
        while (tokens.peek().kind() == Token.Kind.STRING) {
            text.append(tokens.take().text());
        }
        return new Node.Literal(Value.of(text.toString()));
    }

    private Value integer(Token token) {
        try {
            return new Value.Int(new BigInteger(token.text()));
        } catch (EvaluationException e) {
            throw new TemplateException(token.line(), e);
        }
    }

    private Node.Expression name(String name) {
        return switch (name) {
            case "true", "True" -> new Node.Literal(Value.TRUE);
            case "false", "False" -> new Node.Literal(Value.FALSE);
            case "none", "None" -> new Node.Literal(Value.None.NONE);
            default -> {
                namesSeen.add(name);
                yield new Node.Name(name);
            }
        };
    }

    private Node.Expression bracketed() {
        if (tokens.accept("(")) {
            if (tokens.accept(")")) {
                return new Node.TupleOf(List.of());
            }
            Node.Expression inner = tuple();
            tokens.expect(")");
            return inner;
        }
        if (tokens.accept("[")) {
            List<Node.Expression> items = new ArrayList<>();
            while (!tokens.accept("]")) {
                items.add(expression());
                separator("]");
            }
            return new Node.ListOf(items);
        }
        if (tokens.accept("{")) {
            return dict();
        }
        throw tokens.unexpected("an expression");
    }

    private Node.Expression dict() {
        List<Node.Expression> keys = new ArrayList<>();
        List<Node.Expression> values = new ArrayList<>();
        while (!tokens.accept("}")) {
            keys.add(expression());
            tokens.expect(":");
            values.add(expression());
            separator("}");
        }
        return new Node.DictOf(keys, values);
    }
}
