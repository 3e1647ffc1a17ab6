package dev.contexture.model.template;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Variables of a block; what it does not know itself is looked up further out. */
final class Scope {
    private final @Nullable Scope outer;
    private final Map<String, Value> variables = new HashMap<>();

    private Scope(@Nullable Scope outer) {
        this.outer = outer;
    }

    static Scope root(Map<String, Value> variables) {
        Scope scope = new Scope(null);
        scope.variables.putAll(variables);
        return scope;
    }

    Scope inner() {
        return new Scope(this);
    }

    Value get(String name) {
        for (Scope scope = this; scope != null; scope = scope.outer) {
            Value value = scope.variables.get(name);
            if (value != null) {
                return value;
            }
        }
        return new Value.Undefined("'" + name + "' is undefined");
    }

    void set(String name, Value value) {
        variables.put(name, value);
    }
}
