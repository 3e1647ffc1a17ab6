package dev.contexture.model.template;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Tokens to statements. */
final class Parser {
    private static final Node.Expression ALWAYS = new Node.Literal(Value.TRUE);
    private static final Set<String> CONSTANTS = Set.of("true", "false", "none", "True", "False", "None");

    private final TokenStream tokens;
    private final ExpressionParser expressions;
    private boolean inLoop;

    private Parser(List<Token> tokens) {
        this.tokens = new TokenStream(tokens);
        this.expressions = new ExpressionParser(this.tokens);
    }

    static List<Node.Statement> parse(String template) {
        Parser parser = new Parser(Lexer.tokens(template));
        return parser.body(Set.of());
    }

    /** Statements up to one of the closing names, whose tag is left unread but for its opening mark. */
    private List<Node.Statement> body(Set<String> closers) {
        List<Node.Statement> statements = new ArrayList<>();
        int line = tokens.lineBehind();
        while (true) {
            Token token = tokens.peek();
            switch (token.kind()) {
                case TEXT -> statements.add(new Node.Text(tokens.take().text()));
                case EXPRESSION_BEGIN -> {
                    tokens.take();
                    statements.add(new Node.Output(expressions.tuple(), token.line()));
                    tokens.expect(Token.Kind.EXPRESSION_END, "'}}'");
                }
                case STATEMENT_BEGIN -> {
                    tokens.take();
                    Token keyword = tokens.peek();
                    if (keyword.kind() == Token.Kind.NAME && closers.contains(keyword.text())) {
                        return List.copyOf(statements);
                    }
                    statements.add(tokens.nested(this::statement));
                }
                default -> {
                    if (!closers.isEmpty()) {
                        throw new TemplateException(
                                line,
                                "the block that begins here lacks its "
                                        + String.join(" or ", new java.util.TreeSet<>(closers)));
                    }
                    return List.copyOf(statements);
                }
            }
        }
    }

    private Node.Statement statement() {
        Token keyword = tokens.name();
        int line = keyword.line();
        return switch (keyword.text()) {
            case "if" -> ifStatement();
            case "for" -> forStatement(line);
            case "set" -> setStatement(line);
            case "macro" -> macro(line);
            case "call" -> callBlock(line);
            case "with" -> withBlock(line);
            case "generation" -> {
                endTag();
                yield new Node.Block(List.of(), function("endgeneration"));
            }
            case "filter" -> {
                List<Node.FilterCall> filters = expressions.filterChain();
                endTag();
                yield new Node.FilterBlock(filters, closedBody("endfilter"));
            }
            case "break" -> loopControl(new Node.Break(), line);
            case "continue" -> loopControl(new Node.Continue(), line);
            default -> throw new TemplateException(line, "the tag '" + keyword.text() + "' is not supported here");
        };
    }

    private Node.Statement loopControl(Node.Statement control, int line) {
        if (!inLoop) {
            throw new TemplateException(line, "break and continue need a loop around them");
        }
        endTag();
        return control;
    }

    private Node.Statement ifStatement() {
        boolean before = expressions.swapLenient(true);
        List<Node.Branch> branches = new ArrayList<>();
        List<Node.Statement> otherwise = List.of();
        String keyword = "if";
        while (!keyword.equals("endif")) {
            if (keyword.equals("else")) {
                endTag();
                otherwise = body(Set.of("endif"));
            } else {
                Node.Expression condition = expressions.headTuple();
                endTag();
                branches.add(new Node.Branch(condition, body(Set.of("elif", "else", "endif"))));
            }
            keyword = tokens.take().text();
        }
        endTag();
        expressions.swapLenient(before);
        return new Node.If(List.copyOf(branches), otherwise);
    }

    private Node.Statement forStatement(int line) {
        boolean lenientBefore = expressions.swapLenient(false);
        Node.Target target = target(false);
        tokens.expectName("in");
        Node.Expression items = expressions.headTuple();
        Node.Expression filter = tokens.acceptName("if") ? expressions.expression() : ALWAYS;
        boolean recursive = tokens.acceptName("recursive");
        endTag();
        boolean loopBefore = inLoop;
        inLoop = true;
        List<Node.Statement> body = body(Set.of("else", "endfor"));
        inLoop = loopBefore;
        List<Node.Statement> otherwise = List.of();
        if (tokens.take().text().equals("else")) {
            endTag();
            otherwise = body(Set.of("endfor"));
            tokens.take();
        }
        endTag();
        expressions.swapLenient(lenientBefore);
        return new Node.For(target, items, filter, recursive, body, otherwise, line);
    }

    private Node.Statement setStatement(int line) {
        Node.Target target = target(true);
        if (tokens.accept("=")) {
            Node.Expression value = expressions.tuple();
            endTag();
            return new Node.SetValue(target, value, line);
        }
        List<Node.FilterCall> filters = tokens.accept("|") ? expressions.filterChain() : List.of();
        endTag();
        return new Node.SetBlock(target, filters, closedBody("endset"), line);
    }

    /** One name or several with commas between, perhaps in parentheses. */
    private Node.Target target(boolean attributes) {
        Node.Target first = targetPart(attributes);
        if (!tokens.at(",")) {
            return first;
        }
        List<Node.Target> parts = new ArrayList<>(List.of(first));
        while (tokens.accept(",")) {
            if (tokens.peek().kind() != Token.Kind.NAME && !tokens.at("(") || tokens.atName("in")) {
                break;
            }
            parts.add(targetPart(attributes));
        }
        return new Node.TupleTarget(parts);
    }

    private Node.Target targetPart(boolean attributes) {
        if (tokens.accept("(")) {
            Node.Target inner = tokens.nested(() -> target(attributes));
            tokens.expect(")");
            return inner;
        }
        String name = assignable();
        if (attributes && tokens.accept(".")) {
            return new Node.AttributeTarget(name, tokens.name().text());
        }
        return new Node.NameTarget(name);
    }

    private String assignable() {
        Token name = tokens.name();
        if (CONSTANTS.contains(name.text())) {
            throw new TemplateException(name.line(), "'" + name.text() + "' is a constant and cannot be assigned to");
        }
        return name.text();
    }

    private Node.Statement macro(int line) {
        String name = assignable();
        tokens.expect("(");
        return new Node.Macro(procedure(name, "endmacro"), line);
    }

    private Node.Statement callBlock(int line) {
        List<String> parameters = new ArrayList<>();
        Map<String, Node.Expression> defaults = new LinkedHashMap<>();
        if (tokens.accept("(")) {
            parameters(parameters, defaults);
        }
        if (!(expressions.expression() instanceof Node.Call call)) {
            throw new TemplateException(line, "a call block needs a call");
        }
        endTag();
        return new Node.CallBlock(
                new Node.Procedure("caller", parameters, defaults, false, false, false, function("endcall")),
                call,
                line);
    }

    private Node.Procedure procedure(String name, String closer) {
        List<String> parameters = new ArrayList<>();
        Map<String, Node.Expression> defaults = new LinkedHashMap<>();
        parameters(parameters, defaults);
        endTag();
        Set<String> outside = expressions.swapNames(new HashSet<>());
        List<Node.Statement> body = function(closer);
        Set<String> inside = expressions.swapNames(outside);
        outside.addAll(inside);
        return new Node.Procedure(
                name,
                List.copyOf(parameters),
                defaults,
                inside.contains("varargs"),
                inside.contains("kwargs"),
                inside.contains("caller"),
                body);
    }

    /** Behind the opening parenthesis. */
    private void parameters(List<String> parameters, Map<String, Node.Expression> defaults) {
        while (!tokens.accept(")")) {
            String parameter = assignable();
            parameters.add(parameter);
            if (tokens.accept("=")) {
                defaults.put(parameter, expressions.expression());
            } else if (!defaults.isEmpty()) {
                throw tokens.error("the parameter '" + parameter + "' without a default follows one with a default");
            }
            if (!tokens.at(")")) {
                tokens.expect(",");
            }
        }
    }

    private Node.Statement withBlock(int line) {
        List<Node.SetValue> assignments = new ArrayList<>();
        while (tokens.peek().kind() != Token.Kind.STATEMENT_END) {
            if (!assignments.isEmpty()) {
                tokens.expect(",");
            }
            Node.Target target = targetPart(false);
            tokens.expect("=");
            assignments.add(new Node.SetValue(target, expressions.expression(), line));
        }
        endTag();
        return new Node.Block(List.copyOf(assignments), closedBody("endwith"));
    }

    /** A body that a loop around it cannot be left from. */
    private List<Node.Statement> function(String closer) {
        boolean before = inLoop;
        inLoop = false;
        List<Node.Statement> body = closedBody(closer);
        inLoop = before;
        return body;
    }

    private List<Node.Statement> closedBody(String closer) {
        boolean before = expressions.swapLenient(false);
        List<Node.Statement> body = body(Set.of(closer));
        expressions.swapLenient(before);
        tokens.take();
        endTag();
        return body;
    }

    private void endTag() {
        tokens.expect(Token.Kind.STATEMENT_END, "'%}'");
    }
}
