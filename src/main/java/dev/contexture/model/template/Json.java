package dev.contexture.model.template;

import dev.contexture.model.template.Value.Bool;
import dev.contexture.model.template.Value.Dict;
import dev.contexture.model.template.Value.Int;
import dev.contexture.model.template.Value.Items;
import dev.contexture.model.template.Value.None;
import dev.contexture.model.template.Value.Real;
import dev.contexture.model.template.Value.Str;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * JSON exactly as Python's {@code json.dumps} writes it: models were trained on these very blanks.
 *
 * @param indent text of one level; none: all on one line
 */
record Json(Optional<String> indent, String itemSeparator, String keySeparator, boolean sortKeys, boolean ascii) {
    String write(Value value) {
        StringBuilder out = new StringBuilder();
        write(value, 0, out);
        return out.toString();
    }

    private void write(Value value, int level, StringBuilder out) {
        switch (value) {
            case None ignored -> out.append("null");
            case Bool b -> out.append(b.value());
            case Int i -> out.append(i.value());
            case Real r -> out.append(real(r.value()));
            case Str s -> quote(s.text(), out);
            case Items items -> list(items, level, out);
            case Dict dict -> dict(dict, level, out);
            default ->
                throw new EvaluationException("Object of type " + Python.typeName(value) + " is not JSON serializable");
        }
    }

    private static String real(double value) {
        if (Double.isNaN(value)) {
            return "NaN";
        }
        return Double.isInfinite(value) ? (value > 0 ? "Infinity" : "-Infinity") : Repr.real(value);
    }

    private static EvaluationException notSerializable(Value value) {
        return new EvaluationException("Object of type " + Python.typeName(value) + " is not JSON serializable");
    }

    private void list(Items items, int level, StringBuilder out) {
        if (items.kind() != Items.Kind.LIST && items.kind() != Items.Kind.TUPLE) {
            throw notSerializable(items);
        }
        List<Value> values = items.values();
        if (values.isEmpty()) {
            out.append("[]");
            return;
        }
        out.append('[');
        for (int i = 0; i < values.size(); i++) {
            out.append(i == 0 ? "" : itemSeparator);
            lineBreak(level + 1, out);
            write(values.get(i), level + 1, out);
        }
        lineBreak(level, out);
        out.append(']');
    }

    private void dict(Dict dict, int level, StringBuilder out) {
        if (dict.size() == 0) {
            out.append("{}");
            return;
        }
        List<Dict.Entry> entries = new ArrayList<>(dict.entries());
        if (sortKeys) {
            entries.sort(Comparator.comparing(Dict.Entry::key, (a, b) -> Python.compare(a, b, "<")));
        }
        out.append('{');
        for (int i = 0; i < entries.size(); i++) {
            out.append(i == 0 ? "" : itemSeparator);
            lineBreak(level + 1, out);
            quote(key(entries.get(i).key()), out);
            out.append(keySeparator);
            write(entries.get(i).value(), level + 1, out);
        }
        lineBreak(level, out);
        out.append('}');
    }

    private static String key(Value key) {
        return switch (key) {
            case Str s -> s.text();
            case None ignored -> "null";
            case Bool b -> String.valueOf(b.value());
            case Int i -> i.value().toString();
            case Real r -> real(r.value());
            default ->
                throw new EvaluationException(
                        "keys must be str, int, float, bool or None, not " + Python.typeName(key));
        };
    }

    private void lineBreak(int level, StringBuilder out) {
        indent.ifPresent(text -> {
            Value.checkWeight(out.length() + (long) text.length() * level);
            out.append('\n').repeat(text, level);
        });
    }

    private void quote(String text, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                default -> {
                    if (c < ' ' || ascii && c > '~') {
                        out.append("\\u%04x".formatted((int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}
