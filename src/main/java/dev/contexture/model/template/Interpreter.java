package dev.contexture.model.template;

import dev.contexture.model.template.Value.Dict;
import dev.contexture.model.template.Value.Items;
import dev.contexture.model.template.Value.Undefined;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Carries out a parsed template once. Work is paid from a budget and nesting is counted, so that no template, however
 * strange, takes the thread for long or overflows its stack.
 */
final class Interpreter implements Rendering {
    /** Characters and items touched: some seconds at most; a prompt of 100,000 tokens takes about a hundredth. */
    static final long MAX_WORK = 1L << 28;

    static final int MAX_LOOP_ITERATIONS = 1_000_000;

    /** Expressions and statements within each other, through macro calls and recursive loops too. */
    static final int MAX_DEPTH = 500;

    /** How a statement ends. */
    private enum Flow {
        NEXT,
        BREAK,
        CONTINUE
    }

    private final ZonedDateTime now;
    private StringBuilder out = new StringBuilder();
    private long work;
    private int iterations;
    private int depth;
    private int line = 1;

    Interpreter(ZonedDateTime now) {
        this.now = now;
    }

    String render(List<Node.Statement> body, Map<String, Value> variables) {
        try {
            Scope scope = Scope.root(Globals.all());
            variables.forEach(scope::set);
            execute(body, scope);
            return out.toString();
        } catch (EvaluationException e) {
            throw new TemplateException(line, e);
        }
    }

    // ---- Rendering

    @Override
    public void charge(long units) {
        work += units;
        if (work > MAX_WORK) {
            throw new EvaluationException("the template does more work than it may: " + MAX_WORK + " steps");
        }
    }

    @Override
    public Value filter(String name, Value target, Arguments arguments) {
        charge(target.weight() + arguments.weight());
        Value result = Filters.apply(name, target, arguments, this);
        charge(result.weight());
        return result;
    }

    @Override
    public boolean test(String name, Value target, Arguments arguments) {
        charge(1 + arguments.weight());
        return Tests.holds(name, target, arguments);
    }

    @Override
    public ZonedDateTime now() {
        return now;
    }

    // ---- statements

    private Flow execute(List<Node.Statement> body, Scope scope) {
        for (Node.Statement statement : body) {
            Flow flow = execute(statement, scope);
            if (flow != Flow.NEXT) {
                return flow;
            }
        }
        return Flow.NEXT;
    }

    private Flow execute(Node.Statement statement, Scope scope) {
        enter();
        Flow flow = Flow.NEXT;
        switch (statement) {
            case Node.Text text -> write(text.text());
            case Node.Output output -> {
                line = output.line();
                Value value = evaluate(output.value(), scope);
                charge(value.weight());
                write(Python.str(value));
            }
            case Node.If choice -> flow = choose(choice, scope);
            case Node.For loop -> {
                line = loop.line();
                Value items = evaluate(loop.items(), scope);
                flow = loop(loop, items, scope, 0);
            }
            case Node.SetValue set -> {
                line = set.line();
                assign(set.target(), evaluate(set.value(), scope), scope);
            }
            case Node.SetBlock set -> {
                String text = captured(set.body(), scope.inner());
                line = set.line();
                assign(set.target(), filtered(Value.of(text), set.filters(), scope), scope);
            }
            case Node.FilterBlock block -> {
                String text = captured(block.body(), scope.inner());
                write(Python.str(filtered(Value.of(text), block.filters(), scope)));
            }
            case Node.Macro macro -> scope.set(macro.procedure().name(), new MacroValue(macro.procedure(), scope));
            case Node.CallBlock block -> {
                line = block.line();
                Value caller = new MacroValue(block.caller(), scope);
                write(Python.str(call(block.call(), Map.of("caller", caller), scope)));
            }
            case Node.Block block -> {
                Scope inner = scope.inner();
                block.assignments().forEach(set -> assign(set.target(), evaluate(set.value(), scope), inner));
                flow = execute(block.body(), inner);
            }
            case Node.Break ignored -> flow = Flow.BREAK;
            case Node.Continue ignored -> flow = Flow.CONTINUE;
        }
        depth--;
        return flow;
    }

    private void enter() {
        if (++depth > MAX_DEPTH) {
            throw new EvaluationException("the template nests or recurses deeper than " + MAX_DEPTH);
        }
        charge(1);
    }

    private void write(String text) {
        Value.checkWeight((long) out.length() + text.length());
        charge(text.length());
        out.append(text);
    }

    private String captured(List<Node.Statement> body, Scope scope) {
        StringBuilder outer = out;
        out = new StringBuilder();
        execute(body, scope);
        String text = out.toString();
        out = outer;
        return text;
    }

    private Flow choose(Node.If choice, Scope scope) {
        for (Node.Branch branch : choice.branches()) {
            if (Python.truth(evaluate(branch.condition(), scope))) {
                return execute(branch.body(), scope);
            }
        }
        return execute(choice.otherwise(), scope);
    }

    private Flow loop(Node.For loop, Value iterable, Scope scope, int recursion) {
        charge(iterable.weight());
        List<Value> items = Python.items(iterable);
        if (!(loop.filter() instanceof Node.Literal)) {
            items = items.stream().filter(item -> passes(loop, item, scope)).toList();
        }
        if (items.isEmpty()) {
            return execute(loop.otherwise(), scope.inner());
        }
        LoopState state = new LoopState(items, recursion, inner -> recurse(loop, inner, scope, recursion + 1));
        for (Value item : items) {
            if (++iterations > MAX_LOOP_ITERATIONS) {
                throw new EvaluationException("the template's loops turn more than " + MAX_LOOP_ITERATIONS + " times");
            }
            Scope turn = scope.inner();
            assign(loop.target(), item, turn);
            turn.set("loop", state);
            if (execute(loop.body(), turn) == Flow.BREAK) {
                break;
            }
            state.advance();
        }
        return Flow.NEXT;
    }

    private boolean passes(Node.For loop, Value item, Scope scope) {
        Scope inner = scope.inner();
        assign(loop.target(), item, inner);
        return Python.truth(evaluate(loop.filter(), inner));
    }

    private Value recurse(Node.For loop, Value items, Scope scope, int recursion) {
        if (!loop.recursive()) {
            throw new EvaluationException("a loop can call itself only when it is marked recursive");
        }
        StringBuilder outer = out;
        out = new StringBuilder();
        loop(loop, items, scope, recursion);
        String text = out.toString();
        out = outer;
        return Value.of(text);
    }

    private void assign(Node.Target target, Value value, Scope scope) {
        switch (target) {
            case Node.NameTarget name -> scope.set(name.name(), value);
            case Node.AttributeTarget attribute -> {
                if (!(scope.get(attribute.namespace()) instanceof Value.Namespace namespace)) {
                    throw new EvaluationException("cannot assign attribute on non-namespace object");
                }
                namespace.set(attribute.attribute(), value);
            }
            case Node.TupleTarget tuple -> {
                List<Value> values = Python.items(Python.defined(value));
                if (values.size() != tuple.parts().size()) {
                    throw new EvaluationException(
                            "expected " + tuple.parts().size() + " values to unpack but got " + values.size());
                }
                for (int i = 0; i < values.size(); i++) {
                    assign(tuple.parts().get(i), values.get(i), scope);
                }
            }
        }
    }

    private Value filtered(Value value, List<Node.FilterCall> filters, Scope scope) {
        Value result = value;
        for (Node.FilterCall filter : filters) {
            line = filter.line();
            result = filter(filter.name(), result, arguments(filter.arguments(), Map.of(), scope));
        }
        return result;
    }

    // ---- expressions

    private Value evaluate(Node.Expression expression, Scope scope) {
        enter();
        Value value = switch (expression) {
            case Node.Literal literal -> literal.value();
            case Node.Name name -> scope.get(name.name());
            case Node.ListOf list -> Value.list(all(list.items(), scope));
            case Node.TupleOf tuple -> new Items(Items.Kind.TUPLE, all(tuple.items(), scope));
            case Node.DictOf dict -> dict(dict, scope);
            case Node.Attribute attribute -> attribute(attribute, scope);
            case Node.Item item -> item(item, scope);
            case Node.Slice slice -> slice(slice, scope);
            case Node.Call call -> call(call, Map.of(), scope);
            case Node.Filtered filtered ->
                filtered(evaluate(filtered.target(), scope), List.of(filtered.filter()), scope);
            case Node.Test test -> test(test, scope);
            case Node.Not not -> Value.of(!Python.truth(evaluate(not.value(), scope)));
            case Node.Signed signed -> Operators.signed(signed.negative(), evaluate(signed.value(), scope));
            case Node.And and -> {
                Value left = evaluate(and.left(), scope);
                yield Python.truth(left) ? evaluate(and.right(), scope) : left;
            }
            case Node.Or or -> {
                Value left = evaluate(or.left(), scope);
                yield Python.truth(left) ? left : evaluate(or.right(), scope);
            }
            case Node.Comparison comparison -> comparison(comparison, scope);
            case Node.Arithmetic arithmetic -> arithmetic(arithmetic, scope);
            case Node.Concatenation concatenation -> concatenation(concatenation, scope);
            case Node.Conditional conditional ->
                evaluate(
                        Python.truth(evaluate(conditional.condition(), scope))
                                ? conditional.then()
                                : conditional.otherwise(),
                        scope);
        };
        depth--;
        return value;
    }

    private List<Value> all(List<Node.Expression> expressions, Scope scope) {
        List<Value> values = new ArrayList<>(expressions.size());
        for (Node.Expression expression : expressions) {
            Value value = evaluate(expression, scope);
            charge(value.weight());
            values.add(value);
        }
        return values;
    }

    private Value dict(Node.DictOf dict, Scope scope) {
        List<Value> keys = all(dict.keys(), scope);
        List<Value> values = all(dict.values(), scope);
        List<Dict.Entry> entries = new ArrayList<>();
        for (int i = 0; i < keys.size(); i++) {
            entries.add(new Dict.Entry(keys.get(i), values.get(i)));
        }
        return Dict.of(entries);
    }

    private Value attribute(Node.Attribute attribute, Scope scope) {
        Value target = evaluate(attribute.target(), scope);
        line = attribute.line();
        return Attributes.attribute(target, attribute.name());
    }

    private Value item(Node.Item item, Scope scope) {
        Value target = evaluate(item.target(), scope);
        Value key = evaluate(item.key(), scope);
        line = item.line();
        charge(target instanceof Value.Str ? target.weight() : key.weight());
        return Attributes.item(target, key);
    }

    private Value slice(Node.Slice slice, Scope scope) {
        Value target = evaluate(slice.target(), scope);
        Value from = evaluate(slice.from(), scope);
        Value to = evaluate(slice.to(), scope);
        Value step = evaluate(slice.step(), scope);
        line = slice.line();
        charge(target.weight());
        return Attributes.slice(target, from, to, step);
    }

    private Arguments arguments(Node.CallArguments arguments, Map<String, Value> further, Scope scope) {
        Map<String, Value> named = new LinkedHashMap<>();
        List<Value> positional = new ArrayList<>();
        arguments.positional().forEach(e -> positional.add(evaluate(e, scope)));
        arguments.named().forEach((name, e) -> named.put(name, evaluate(e, scope)));
        named.putAll(further);
        return new Arguments(positional, named);
    }

    private Value call(Node.Call call, Map<String, Value> further, Scope scope) {
        Value target = evaluate(call.target(), scope);
        line = call.line();
        Python.defined(target);
        if (!(target instanceof Value.Function function)) {
            throw new EvaluationException("'" + Python.typeName(target) + "' object is not callable");
        }
        Arguments arguments = arguments(call.arguments(), further, scope);
        charge(arguments.weight());
        Value result = function.call(this, arguments);
        charge(result.weight());
        return result;
    }

    private Value test(Node.Test test, Scope scope) {
        Value target = evaluate(test.target(), scope);
        Arguments arguments = arguments(test.arguments(), Map.of(), scope);
        line = test.line();
        return Value.of(test(test.name(), target, arguments));
    }

    private Value comparison(Node.Comparison comparison, Scope scope) {
        Value left = evaluate(comparison.first(), scope);
        for (int i = 0; i < comparison.operators().size(); i++) {
            Value right = evaluate(comparison.rest().get(i), scope);
            line = comparison.line();
            charge(left.weight() + right.weight());
            if (!Operators.comparison(comparison.operators().get(i), left, right)) {
                return Value.FALSE;
            }
            left = right;
        }
        return Value.TRUE;
    }

    private Value arithmetic(Node.Arithmetic arithmetic, Scope scope) {
        Value left = evaluate(arithmetic.left(), scope);
        Value right = evaluate(arithmetic.right(), scope);
        line = arithmetic.line();
        Value result = Operators.arithmetic(arithmetic.operator(), left, right);
        charge(result.weight());
        return result;
    }

    private Value concatenation(Node.Concatenation concatenation, Scope scope) {
        StringBuilder text = new StringBuilder();
        for (Node.Expression part : concatenation.parts()) {
            Value value = evaluate(part, scope);
            line = concatenation.line();
            charge(value.weight());
            Value.checkWeight(text.length() + value.weight());
            text.append(Python.str(value));
        }
        return Value.of(text.toString());
    }

    // ---- macros

    /** A macro with the variables around its definition. */
    private final class MacroValue implements Value.Function {
        private final Node.Procedure procedure;
        private final Scope definedIn;

        MacroValue(Node.Procedure procedure, Scope definedIn) {
            this.procedure = procedure;
            this.definedIn = definedIn;
        }

        @Override
        public Value call(Rendering rendering, Arguments arguments) {
            Scope scope = definedIn.inner();
            bind(arguments, scope);
            return Value.of(captured(procedure.body(), scope));
        }

        private void bind(Arguments arguments, Scope scope) {
            List<Value> positional = arguments.positional();
            List<String> parameters = procedure.parameters();
            if (positional.size() > parameters.size() && !procedure.usesVarargs()) {
                throw new EvaluationException("macro '" + procedure.name() + "' takes not more than "
                        + parameters.size() + " arguments but got " + positional.size());
            }
            Map<String, Value> rest = new LinkedHashMap<>(arguments.named());
            for (int i = 0; i < parameters.size(); i++) {
                String name = parameters.get(i);
                Value named = rest.remove(name);
                if (i < positional.size()) {
                    if (named != null) {
                        throw new EvaluationException(
                                "macro '" + procedure.name() + "' got two values for the argument '" + name + "'");
                    }
                    scope.set(name, positional.get(i));
                } else {
                    scope.set(name, named == null ? byDefault(name, scope) : named);
                }
            }
            bindRest(positional, rest, scope);
        }

        private Value byDefault(String name, Scope scope) {
            Node.Expression expression = procedure.defaults().get(name);
            return expression == null
                    ? new Undefined("parameter '" + name + "' was not provided")
                    : evaluate(expression, scope);
        }

        private void bindRest(List<Value> positional, Map<String, Value> rest, Scope scope) {
            if (procedure.usesCaller()) {
                Value caller = rest.remove("caller");
                scope.set("caller", caller == null ? new Undefined("No caller defined") : caller);
            }
            if (procedure.usesVarargs()) {
                int used = Math.min(positional.size(), procedure.parameters().size());
                scope.set("varargs", new Items(Items.Kind.TUPLE, positional.subList(used, positional.size())));
            }
            if (procedure.usesKwargs()) {
                scope.set("kwargs", Dict.named(rest));
            } else if (!rest.isEmpty()) {
                throw new EvaluationException(
                        "macro '" + procedure.name() + "' takes no argument named " + rest.keySet());
            }
        }
    }
}
