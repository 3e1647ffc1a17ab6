package dev.contexture.model.template;

import java.util.List;
import java.util.Map;

/** The arguments of one call. */
record Arguments(List<Value> positional, Map<String, Value> named) {
    static final Arguments NONE = new Arguments(List.of(), Map.of());

    static Arguments of(List<Value> positional) {
        return new Arguments(positional, Map.of());
    }

    long weight() {
        long weight = 0;
        for (Value value : positional) {
            weight += value.weight();
        }
        for (Value value : named.values()) {
            weight += value.weight();
        }
        return weight;
    }

    /** These arguments without the first {@code count} positional ones. */
    Arguments from(int count) {
        return new Arguments(positional.subList(count, positional.size()), named);
    }
}
