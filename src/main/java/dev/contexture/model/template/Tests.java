package dev.contexture.model.template;

import dev.contexture.model.template.Value.Bool;
import dev.contexture.model.template.Value.Dict;
import dev.contexture.model.template.Value.Int;
import dev.contexture.model.template.Value.Items;
import dev.contexture.model.template.Value.None;
import dev.contexture.model.template.Value.Real;
import dev.contexture.model.template.Value.Str;
import dev.contexture.model.template.Value.Undefined;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.Map;

/** Jinja's tests: {@code x is defined}. */
final class Tests {
    private interface Check {
        boolean holds(Value value, Signature.Bound arguments);
    }

    private interface Plain {
        boolean holds(Value value);
    }

    private record Entry(Signature signature, Check check) {}

    private static final Map<String, Entry> TESTS = new HashMap<>();

    static {
        plain("defined", v -> !(v instanceof Undefined));
        plain("undefined", v -> v instanceof Undefined);
        plain("none", v -> v instanceof None);
        plain("boolean", v -> v instanceof Bool);
        plain("true", v -> v instanceof Bool b && b.value());
        plain("false", v -> v instanceof Bool b && !b.value());
        plain("integer", v -> v instanceof Int);
        plain("float", v -> v instanceof Real);
        plain("number", Python::isNumber);
        plain("string", v -> v instanceof Str);
        plain("mapping", v -> v instanceof Dict);
        plain("sequence", Tests::isSequence);
        plain("iterable", Python::isIterable);
        plain("callable", v -> v instanceof Value.Function || v instanceof Undefined);
        plain("lower", v -> Text.isLower(Python.str(v)));
        plain("upper", v -> Text.isUpper(Python.str(v)));
        plain("escaped", v -> false);
        plain("odd", v -> remainder(v, Value.of(2)) == 1);
        plain("even", v -> remainder(v, Value.of(2)) == 0);
        plain("filter", v -> v instanceof Str s && Filters.exists(s.text()));
        plain("test", v -> v instanceof Str s && exists(s.text()));
        add("divisibleby", "num", (v, a) -> remainder(v, a.value("num")) == 0);
        add("sameas", "other", (v, a) -> isSame(v, a.value("other")));
        add("in", "seq", (v, a) -> Python.contains(a.value("seq"), v));
        comparison("==", "eq", "equalto");
        comparison("!=", "ne");
        comparison("<", "lt", "lessthan");
        comparison("<=", "le");
        comparison(">", "gt", "greaterthan");
        comparison(">=", "ge");
    }

    private Tests() {}

    private static void add(String name, String parameters, Check check) {
        TESTS.put(name, new Entry(Signature.of("the test '" + name + "'", parameters), check));
    }

    private static void plain(String name, Plain check) {
        add(name, "", (v, a) -> check.holds(v));
    }

    private static void comparison(String operator, String... names) {
        Check check = (v, a) -> Operators.comparison(operator, v, a.value("other"));
        add(operator, "other", check);
        for (String name : names) {
            add(name, "other", check);
        }
    }

    static boolean exists(String name) {
        return TESTS.containsKey(name);
    }

    static boolean holds(String name, Value value, Arguments arguments) {
        Entry entry = TESTS.get(name);
        if (entry == null) {
            throw new EvaluationException("there is no test '" + name + "'");
        }
        return entry.check.holds(value, entry.signature.bind(arguments));
    }

    private static boolean isSequence(Value value) {
        return value instanceof Str
                || value instanceof Dict
                || value instanceof Undefined
                || value instanceof Items items && items.kind().isIndexed();
    }

    private static int remainder(Value value, Value divisor) {
        Value rest = Operators.arithmetic("%", value, divisor);
        return Python.equal(rest, Value.of(0)) ? 0 : Python.equal(rest, new Int(BigInteger.ONE)) ? 1 : 2;
    }

    /** Python's {@code is}: small equal values of one type are one object there. */
    private static boolean isSame(Value a, Value b) {
        return a == b || a.getClass() == b.getClass() && a.nesting() == 0 && a.equals(b);
    }
}
