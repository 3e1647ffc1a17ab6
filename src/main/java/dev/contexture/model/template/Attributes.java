package dev.contexture.model.template;

import dev.contexture.model.template.Value.Dict;
import dev.contexture.model.template.Value.Int;
import dev.contexture.model.template.Value.Items;
import dev.contexture.model.template.Value.None;
import dev.contexture.model.template.Value.Str;
import dev.contexture.model.template.Value.Undefined;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** {@code a.b}, {@code a[b]} and {@code a[b:c]}: methods win over keys behind a dot, keys over methods in brackets. */
final class Attributes {
    private Attributes() {}

    static Value attribute(Value target, String name) {
        Python.defined(target);
        return own(target, name)
                .or(() -> target instanceof Dict dict ? dict.get(Value.of(name)) : Optional.empty())
                .orElseGet(() -> name.startsWith("__")
                        ? new Undefined("access to attribute '" + name + "' of '" + Python.typeName(target)
                                + "' object is unsafe.")
                        : missing(target, "attribute", Value.of(name)));
    }

    /** Methods and attributes of the value itself, no keys. */
    static Optional<Value> own(Value target, String name) {
        return switch (target) {
            case Str s -> StringMethods.find(s, name);
            case Dict dict -> CollectionMethods.find(dict, name);
            case Items items -> CollectionMethods.find(items, name);
            case Value.Namespace namespace -> namespace.get(name);
            case Value.HasAttributes object -> object.attribute(name);
            default -> Optional.empty();
        };
    }

    static Value item(Value target, Value key) {
        Python.defined(target);
        Optional<Value> found = switch (target) {
            case Dict dict -> isHashable(key) ? dict.get(key) : Optional.empty();
            case Items items ->
                isInteger(key) && items.kind().isIndexed() ? at(items.values(), Python.index(key)) : Optional.empty();
            case Str s -> isInteger(key) ? character(s, Python.index(key)) : Optional.empty();
            default -> Optional.empty();
        };
        if (found.isEmpty() && key instanceof Str name) {
            return own(target, name.text()).orElseGet(() -> missing(target, "attribute", key));
        }
        return found.orElseGet(() -> missing(target, "element", key));
    }

    private static boolean isInteger(Value key) {
        return key instanceof Int || key instanceof Value.Bool;
    }

    private static boolean isHashable(Value key) {
        return !(key instanceof Dict) && !(key instanceof Items items && items.kind() != Items.Kind.TUPLE);
    }

    private static Undefined missing(Value target, String what, Value key) {
        String owner = target instanceof None ? "None" : "'" + Python.typeName(target) + " object'";
        return new Undefined(owner + " has no " + what + " " + Repr.of(key));
    }

    private static Optional<Value> at(List<Value> values, int index) {
        int position = index < 0 ? index + values.size() : index;
        return position < 0 || position >= values.size() ? Optional.empty() : Optional.of(values.get(position));
    }

    private static Optional<Value> character(Str text, int index) {
        int length = text.length();
        int position = index < 0 ? index + length : index;
        if (position < 0 || position >= length) {
            return Optional.empty();
        }
        int at = text.text().offsetByCodePoints(0, position);
        return Optional.of(Value.of(Character.toString(text.text().codePointAt(at))));
    }

    /** A path such as {@code function.name} or {@code 0.text}, as filters take it. */
    static Value path(Value target, String path) {
        Value value = target;
        for (String part : path.split("\\.", -1)) {
            boolean index = !part.isEmpty() && part.length() < 9 && part.chars().allMatch(c -> c >= '0' && c <= '9');
            if (value instanceof Undefined) {
                Python.defined(value);
            }
            value = item(value, index ? Value.of(Integer.parseInt(part)) : Value.of(part));
        }
        return value;
    }

    static Value slice(Value target, Value from, Value to, Value step) {
        Python.defined(target);
        if (target instanceof Str s) {
            int[] codePoints = s.text().codePoints().toArray();
            StringBuilder out = new StringBuilder();
            for (int position : positions(codePoints.length, from, to, step)) {
                out.appendCodePoint(codePoints[position]);
            }
            return Value.of(out.toString());
        }
        if (target instanceof Items items && items.kind().isIndexed()) {
            List<Value> out = new ArrayList<>();
            for (int position : positions(items.values().size(), from, to, step)) {
                out.add(items.values().get(position));
            }
            return new Items(items.kind(), out);
        }
        throw new EvaluationException("'" + Python.typeName(target) + "' object cannot be sliced");
    }

    private static int[] positions(int length, Value from, Value to, Value step) {
        int by = step instanceof None ? 1 : sliceIndex(step);
        if (by == 0) {
            throw new EvaluationException("slice step cannot be zero");
        }
        int first = by < 0 ? -1 : 0;
        int last = by < 0 ? length - 1 : length;
        int begin = from instanceof None ? (by < 0 ? last : first) : clamp(sliceIndex(from), length, first, last);
        int end = to instanceof None ? (by < 0 ? first : last) : clamp(sliceIndex(to), length, first, last);
        long span = by < 0 ? (long) begin - end : (long) end - begin;
        int count = (int) (span <= 0 ? 0 : (span - 1) / Math.abs((long) by) + 1);
        int[] positions = new int[count];
        for (int i = 0; i < count; i++) {
            positions[i] = (int) (begin + (long) i * by);
        }
        return positions;
    }

    private static int sliceIndex(Value value) {
        if (isInteger(Python.defined(value))) {
            return Python.index(value);
        }
        throw new EvaluationException("slice indices must be integers or None, not " + Python.typeName(value));
    }

    private static int clamp(int index, int length, int first, int last) {
        long position = index < 0 ? (long) index + length : index;
        return (int) Math.min(Math.max(position, first), last);
    }
}
