package dev.contexture.model.template;

import java.util.HashMap;
import java.util.Map;

/** Jinja's filters by name: {@code x | trim}. */
final class Filters {
    /** A filter that binds its arguments itself. */
    interface Raw {
        Value apply(Value value, Arguments arguments, Rendering rendering);
    }

    interface Body {
        Value apply(Value value, Signature.Bound arguments, Rendering rendering);
    }

    /** Collects filters. */
    static final class Registry {
        private final Map<String, Raw> filters = new HashMap<>();

        void raw(String name, Raw filter) {
            filters.put(name, filter);
        }

        /** @param parameters as in {@link Signature#of} */
        void add(String name, String parameters, Body body) {
            Signature signature = Signature.of("the filter '" + name + "'", parameters);
            filters.put(name, (value, arguments, rendering) -> body.apply(value, signature.bind(arguments), rendering));
        }

        void alias(String name, String other) {
            filters.put(name, java.util.Objects.requireNonNull(filters.get(other), other));
        }
    }

    private static final Map<String, Raw> FILTERS = build();

    private Filters() {}

    private static Map<String, Raw> build() {
        Registry registry = new Registry();
        TextFilters.register(registry);
        NumberFilters.register(registry);
        SequenceFilters.register(registry);
        SelectionFilters.register(registry);
        return Map.copyOf(registry.filters);
    }

    static boolean exists(String name) {
        return FILTERS.containsKey(name);
    }

    static Value apply(String name, Value value, Arguments arguments, Rendering rendering) {
        Raw filter = FILTERS.get(name);
        if (filter == null) {
            throw new EvaluationException("there is no filter '" + name + "'");
        }
        return filter.apply(value, arguments, rendering);
    }
}
