package dev.contexture.model.template;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Parameter names of a function, to which positional and named arguments are bound.
 *
 * @param parameters names in order
 * @param required the first so many of them have no default
 */
record Signature(String function, List<String> parameters, int required) {
    /** @param specification names with blanks between; a name that ends in {@code ?} may be left out */
    static Signature of(String function, String specification) {
        List<String> names = new ArrayList<>();
        int required = 0;
        for (String part : specification.isEmpty() ? new String[0] : specification.split(" ", -1)) {
            boolean optional = part.endsWith("?");
            names.add(optional ? part.substring(0, part.length() - 1) : part);
            required += optional ? 0 : 1;
        }
        return new Signature(function, List.copyOf(names), required);
    }

    Bound bind(Arguments arguments) {
        int count = arguments.positional().size();
        if (count > parameters.size()) {
            throw new EvaluationException(
                    function + " takes at most " + parameters.size() + " arguments but got " + count);
        }
        Map<String, Value> values = new HashMap<>();
        for (int i = 0; i < count; i++) {
            values.put(parameters.get(i), arguments.positional().get(i));
        }
        Set<String> known = new HashSet<>(parameters);
        arguments.named().forEach((name, value) -> {
            if (!known.contains(name)) {
                throw new EvaluationException(function + " got an unexpected keyword argument '" + name + "'");
            }
            if (values.putIfAbsent(name, value) != null) {
                throw new EvaluationException(function + " got multiple values for argument '" + name + "'");
            }
        });
        for (String name : parameters.subList(0, required)) {
            if (!values.containsKey(name)) {
                throw new EvaluationException(function + " is missing the argument '" + name + "'");
            }
        }
        return new Bound(function, values);
    }

    /** Arguments by name, with Python's conversions. */
    record Bound(String function, Map<String, Value> values) {
        boolean has(String name) {
            return values.containsKey(name);
        }

        /** Whether it is given and not None. */
        boolean isSet(String name) {
            return !(value(name, Value.None.NONE) instanceof Value.None);
        }

        Value value(String name) {
            return value(name, Value.None.NONE);
        }

        Value value(String name, Value byDefault) {
            Value value = values.get(name);
            return value == null ? byDefault : value;
        }

        boolean flag(String name, boolean byDefault) {
            return Python.truth(value(name, Value.of(byDefault)));
        }

        String text(String name) {
            if (value(name) instanceof Value.Str text) {
                return text.text();
            }
            throw new EvaluationException(
                    function + " needs text as '" + name + "' but got " + Python.typeName(value(name)));
        }

        String text(String name, String byDefault) {
            return isSet(name) ? text(name) : byDefault;
        }

        int integer(String name, int byDefault) {
            return has(name) ? Python.index(value(name)) : byDefault;
        }
    }
}
