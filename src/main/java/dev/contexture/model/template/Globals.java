package dev.contexture.model.template;

import dev.contexture.model.template.Value.Dict;
import dev.contexture.model.template.Value.Items;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Functions that every template can call. */
final class Globals {
    /** As in Jinja's sandbox. */
    private static final int MAX_RANGE = 100_000;

    private static final Signature RAISE = Signature.of("raise_exception()", "message");
    private static final Signature STRFTIME = Signature.of("strftime_now()", "format");

    private Globals() {}

    static Map<String, Value> all() {
        Map<String, Value> globals = new LinkedHashMap<>();
        define(globals, "range", (rendering, arguments) -> range(arguments));
        define(globals, "dict", (rendering, arguments) -> Dict.of(entries("dict()", arguments)));
        define(globals, "namespace", (rendering, arguments) -> {
            Map<String, Value> attributes = new LinkedHashMap<>();
            entries("namespace()", arguments).forEach(e -> attributes.put(Python.str(e.key()), e.value()));
            return new Value.Namespace(attributes);
        });
        define(globals, "raise_exception", (rendering, arguments) -> {
            throw new TemplateException.Raised(Python.str(RAISE.bind(arguments).value("message")));
        });
        define(
                globals,
                "strftime_now",
                (rendering, arguments) -> Value.of(Strftime.format(
                        rendering.now(), STRFTIME.bind(arguments).text("format"))));
        return Map.copyOf(globals);
    }

    private static void define(Map<String, Value> globals, String name, Value.Function function) {
        globals.put(name, function);
    }

    private static Value range(Arguments arguments) {
        List<Value> given = arguments.positional();
        if (given.isEmpty() || given.size() > 3 || !arguments.named().isEmpty()) {
            throw new EvaluationException("range() takes one to three numbers");
        }
        long start = given.size() == 1 ? 0 : Python.index(given.get(0));
        long stop = Python.index(given.get(given.size() == 1 ? 0 : 1));
        long step = given.size() < 3 ? 1 : Python.index(given.get(2));
        if (step == 0) {
            throw new EvaluationException("range() arg 3 must not be zero");
        }
        long span = step > 0 ? stop - start : start - stop;
        long count = span <= 0 ? 0 : (span - 1) / Math.abs(step) + 1;
        if (count > MAX_RANGE) {
            throw new EvaluationException("a range of " + count + " numbers is longer than " + MAX_RANGE);
        }
        List<Value> values = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            values.add(Value.of(start + i * step));
        }
        return new Items(Items.Kind.RANGE, values);
    }

    private static List<Dict.Entry> entries(String function, Arguments arguments) {
        if (arguments.positional().size() > 1) {
            throw new EvaluationException(function + " takes at most one argument without a name");
        }
        List<Dict.Entry> entries = new ArrayList<>();
        for (Value source : arguments.positional()) {
            if (source instanceof Dict dict) {
                entries.addAll(dict.entries());
                continue;
            }
            for (Value pair : Python.items(source)) {
                List<Value> parts = Python.items(pair);
                if (parts.size() != 2) {
                    throw new EvaluationException(function + " needs pairs but got " + parts.size() + " values");
                }
                entries.add(new Dict.Entry(parts.get(0), parts.get(1)));
            }
        }
        arguments.named().forEach((name, value) -> entries.add(new Dict.Entry(Value.of(name), value)));
        return entries;
    }
}
