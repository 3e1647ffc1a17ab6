package dev.contexture.model.template;

import dev.contexture.model.template.Signature.Bound;
import dev.contexture.model.template.Value.Dict;
import dev.contexture.model.template.Value.Generator;
import dev.contexture.model.template.Value.Str;
import dev.contexture.model.template.Value.Undefined;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/** Filters on lists and mappings that keep, order or cut what they get. */
final class SequenceFilters {
    private static final Comparator<Value> ORDER = (a, b) -> Python.compare(a, b, "<");

    private SequenceFilters() {}

    static void register(Filters.Registry filters) {
        filters.add("length", "", (v, a, r) -> Value.of(Python.length(v)));
        filters.alias("count", "length");
        filters.add("default", "default_value? boolean?", (v, a, r) -> orDefault(v, a));
        filters.alias("d", "default");
        filters.add("first", "", (v, a, r) -> first(v));
        filters.add("last", "", (v, a, r) -> last(v));
        filters.add("list", "", (v, a, r) -> Value.list(Python.items(v)));
        filters.add("items", "", (v, a, r) -> items(v));
        filters.add("join", "d? attribute?", (v, a, r) -> join(v, a));
        filters.add("reverse", "", (v, a, r) -> reverse(v));
        filters.add("sort", "reverse? case_sensitive? attribute?", (v, a, r) -> sort(v, a));
        filters.add("unique", "case_sensitive? attribute?", (v, a, r) -> unique(v, a));
        filters.add("min", "case_sensitive? attribute?", (v, a, r) -> extreme(v, a, ORDER));
        filters.add("max", "case_sensitive? attribute?", (v, a, r) -> extreme(v, a, ORDER.reversed()));
        filters.add("sum", "attribute? start?", (v, a, r) -> sum(v, a, r));
        filters.add("dictsort", "case_sensitive? by? reverse?", (v, a, r) -> dictSort(v, a));
        filters.add("groupby", "attribute default? case_sensitive?", (v, a, r) -> groupBy(v, a));
        filters.add("batch", "linecount fill_with?", (v, a, r) -> batch(v, a));
        filters.add("slice", "slices fill_with?", (v, a, r) -> slice(v, a));
        filters.add(
                "attr",
                "name",
                (v, a, r) -> Attributes.own(Python.defined(v), a.text("name"))
                        .orElseGet(() -> new Undefined("there is no attribute '" + a.text("name") + "'")));
    }

    private static Value orDefault(Value value, Bound arguments) {
        boolean missing = value instanceof Undefined || arguments.flag("boolean", false) && !Python.truth(value);
        return missing ? arguments.value("default_value", Value.EMPTY) : value;
    }

    private static Value first(Value value) {
        Optional<Value> first = value instanceof Generator generator
                ? generator.takeFirst()
                : Python.items(value).stream().findFirst();
        return first.orElseGet(() -> new Undefined("No first item, sequence was empty."));
    }

    private static Value last(Value value) {
        if (value instanceof Generator) {
            throw new EvaluationException("'generator' object is not reversible");
        }
        List<Value> values = Python.items(value);
        return values.isEmpty() ? new Undefined("No last item, sequence was empty.") : values.getLast();
    }

    private static Value items(Value value) {
        if (value instanceof Undefined) {
            return new Generator(List.of());
        }
        if (value instanceof Dict dict) {
            return new Generator(dict.pairs());
        }
        throw new EvaluationException("Can only get item pairs from a mapping.");
    }

    private static Value join(Value value, Bound arguments) {
        UnaryOperator<Value> key = attribute(arguments, true);
        String separator = Python.str(arguments.value("d", Value.EMPTY));
        List<Value> texts = new ArrayList<>();
        long weight = 0;
        for (Value item : Python.items(value)) {
            Str text = Value.of(Python.str(key.apply(item)));
            weight += text.weight() + separator.length();
            Value.checkWeight(weight);
            texts.add(text);
        }
        return StringMethods.join(separator, Value.list(texts));
    }

    private static Value reverse(Value value) {
        if (value instanceof Str s) {
            return Value.of(new StringBuilder(s.text()).reverse().toString());
        }
        List<Value> reversed = Python.items(value).reversed();
        return value instanceof Generator ? Value.list(reversed) : new Generator(reversed);
    }

    /** What to compare by: an attribute or the item itself, text without its case unless asked. */
    private static UnaryOperator<Value> attribute(Bound arguments, boolean caseSensitive) {
        UnaryOperator<Value> fold = caseSensitive ? UnaryOperator.identity() : TextFilters::withoutCase;
        if (!arguments.isSet("attribute")) {
            return fold;
        }
        String path = Python.str(arguments.value("attribute"));
        return item -> fold.apply(Attributes.path(item, path));
    }

    private static boolean isCaseSensitive(Bound arguments) {
        return arguments.flag("case_sensitive", false);
    }

    /** A value with what it is ordered by. */
    private record Keyed(Value key, Value value) {}

    private static List<Keyed> sorted(List<Value> values, UnaryOperator<Value> key, boolean reverse) {
        List<Keyed> keyed = new ArrayList<>();
        values.forEach(v -> keyed.add(new Keyed(key.apply(v), v)));
        Comparator<Keyed> order = Comparator.comparing(Keyed::key, ORDER);
        keyed.sort(reverse ? order.reversed() : order);
        return keyed;
    }

    private static Value sort(Value value, Bound arguments) {
        boolean caseSensitive = isCaseSensitive(arguments);
        UnaryOperator<Value> key = attribute(arguments, caseSensitive);
        if (arguments.isSet("attribute")
                && Python.str(arguments.value("attribute")).contains(",")) {
            String[] paths = arguments.text("attribute").split(",", -1);
            key = item -> {
                List<Value> keys = new ArrayList<>();
                for (String path : paths) {
                    Value part = Attributes.path(item, path);
                    keys.add(caseSensitive ? part : TextFilters.withoutCase(part));
                }
                return Value.list(keys);
            };
        }
        return Value.list(sorted(Python.items(value), key, arguments.flag("reverse", false)).stream()
                .map(Keyed::value)
                .toList());
    }

    private static Value unique(Value value, Bound arguments) {
        UnaryOperator<Value> key = attribute(arguments, isCaseSensitive(arguments));
        Set<Object> seen = new HashSet<>();
        return new Generator(Python.items(value).stream()
                .filter(item -> seen.add(Python.hashKey(key.apply(item))))
                .toList());
    }

    private static Value extreme(Value value, Bound arguments, Comparator<Value> order) {
        UnaryOperator<Value> key = attribute(arguments, isCaseSensitive(arguments));
        List<Value> values = Python.items(value);
        if (values.isEmpty()) {
            return new Undefined("No aggregated item, sequence was empty.");
        }
        Value best = values.getFirst();
        for (Value candidate : values.subList(1, values.size())) {
            if (order.compare(key.apply(candidate), key.apply(best)) < 0) {
                best = candidate;
            }
        }
        return best;
    }

    private static Value sum(Value value, Bound arguments, Rendering rendering) {
        UnaryOperator<Value> key = attribute(arguments, true);
        Value sum = arguments.value("start", Value.of(0));
        if (sum instanceof Str) {
            throw new EvaluationException("sum() can't sum strings: use join");
        }
        for (Value item : Python.items(value)) {
            sum = Operators.arithmetic("+", sum, key.apply(item));
            rendering.charge(sum.weight());
        }
        return sum;
    }

    private static Value dictSort(Value value, Bound arguments) {
        if (!(value instanceof Dict dict)) {
            throw new EvaluationException("'" + Python.typeName(value) + "' object has no items to sort");
        }
        int part = switch (arguments.text("by", "key")) {
            case "key" -> 0;
            case "value" -> 1;
            default -> throw new EvaluationException("by must be 'key' or 'value'");
        };
        boolean caseSensitive = isCaseSensitive(arguments);
        UnaryOperator<Value> key = pair -> {
            Value raw = Python.items(pair).get(part);
            return caseSensitive ? raw : TextFilters.withoutCase(raw);
        };
        return Value.list(sorted(dict.pairs(), key, arguments.flag("reverse", false)).stream()
                .map(Keyed::value)
                .toList());
    }

    private static Value groupBy(Value value, Bound arguments) {
        boolean caseSensitive = isCaseSensitive(arguments);
        String path = Python.str(arguments.value("attribute"));
        UnaryOperator<Value> plain = item -> {
            Value found = Attributes.path(item, path);
            return found instanceof Undefined && arguments.has("default") ? arguments.value("default") : found;
        };
        UnaryOperator<Value> key =
                item -> caseSensitive ? plain.apply(item) : TextFilters.withoutCase(plain.apply(item));
        List<Value> groups = new ArrayList<>();
        List<Value> members = new ArrayList<>();
        List<Keyed> sorted = sorted(Python.items(value), key, false);
        for (int i = 0; i < sorted.size(); i++) {
            members.add(sorted.get(i).value);
            boolean ends = i + 1 == sorted.size() || !Python.equal(sorted.get(i).key, sorted.get(i + 1).key);
            if (ends) {
                groups.add(Value.tuple(plain.apply(members.getFirst()), Value.list(members)));
                members = new ArrayList<>();
            }
        }
        return Value.list(groups);
    }

    private static Value batch(Value value, Bound arguments) {
        int size = Math.max(1, arguments.integer("linecount", 1));
        List<Value> values = Python.items(value);
        List<Value> batches = new ArrayList<>();
        for (int at = 0; at < values.size(); at += size) {
            int end = (int) Math.min(values.size(), (long) at + size);
            List<Value> batch = new ArrayList<>(values.subList(at, end));
            if (arguments.isSet("fill_with")) {
                Value.checkWeight(size);
                while (batch.size() < size) {
                    batch.add(arguments.value("fill_with"));
                }
            }
            batches.add(Value.list(batch));
            if (end == values.size()) {
                break;
            }
        }
        return new Generator(batches);
    }

    private static Value slice(Value value, Bound arguments) {
        int count = arguments.integer("slices", 1);
        if (count < 1) {
            throw new EvaluationException("slice needs at least one slice, not " + count);
        }
        Value.checkWeight(count);
        List<Value> values = Python.items(value);
        int each = values.size() / count;
        int longer = values.size() % count;
        List<Value> slices = new ArrayList<>();
        int at = 0;
        for (int i = 0; i < count; i++) {
            int size = each + (i < longer ? 1 : 0);
            List<Value> slice = new ArrayList<>(values.subList(at, at + size));
            if (arguments.isSet("fill_with") && i >= longer) {
                slice.add(arguments.value("fill_with"));
            }
            slices.add(Value.list(slice));
            at += size;
        }
        return new Generator(slices);
    }
}
