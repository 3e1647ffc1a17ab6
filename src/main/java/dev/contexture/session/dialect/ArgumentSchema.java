package dev.contexture.session.dialect;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * From the schema of a tool's arguments to one of fewer values, which a forced call is held to: an object, and without properties that
 * the schema does not name. JSON schema allows those unless {@code additionalProperties} is false, but no tool can want what a
 * model would make up there.
 */
final class ArgumentSchema {
    /** Beside these an object may need other properties than those that it names. */
    private static final Set<String> OTHERS = Set.of(
            "additionalProperties",
            "allOf",
            "anyOf",
            "const",
            "enum",
            "minProperties",
            "oneOf",
            "patternProperties",
            "propertyNames",
            "$ref");

    private ArgumentSchema() {}

    static Map<String, Object> of(Map<?, ?> parameters) {
        Map<String, Object> schema = closed(parameters);
        schema.putIfAbsent("type", "object");
        return schema;
    }

    private static Map<String, Object> closed(Map<?, ?> schema) {
        Map<String, Object> copy = new LinkedHashMap<>();
        schema.forEach((keyword, value) -> copy.put(String.valueOf(keyword), value));
        if (!Collections.disjoint(copy.keySet(), OTHERS)) {
            return copy;
        }
        copy.computeIfPresent("items", (keyword, items) -> closedIfSchema(items));
        if (copy.get("properties") instanceof Map<?, ?> properties) {
            Map<String, Object> named = new LinkedHashMap<>();
            properties.forEach((name, value) -> named.put(String.valueOf(name), closedIfSchema(value)));
            copy.put("properties", named);
            Object required = copy.getOrDefault("required", List.of());
            if (required instanceof Collection<?> names && named.keySet().containsAll(names)) {
                copy.put("additionalProperties", false);
            }
        }
        return copy;
    }

    private static Object closedIfSchema(Object value) {
        return value instanceof Map<?, ?> schema ? closed(schema) : value;
    }
}
