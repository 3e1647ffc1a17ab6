package dev.contexture.constrain.schema;

import java.util.Map;
import java.util.Set;

/** Which keywords are held, which are refused, and which say nothing about values. */
final class Keywords {
    private static final String DROP = "is not supported; leave it out and check it in your own code";

    private static final Map<String, String> REFUSED = Map.ofEntries(
            Map.entry("not", "is not supported; say what is allowed, for instance with enum or pattern"),
            Map.entry("if", "is not supported; use anyOf with one branch for each case"),
            Map.entry("then", "is not supported; use anyOf with one branch for each case"),
            Map.entry("else", "is not supported; use anyOf with one branch for each case"),
            Map.entry("dependentSchemas", "is not supported; use anyOf with one branch for each case"),
            Map.entry("dependentRequired", "is not supported; use anyOf with one branch for each case"),
            Map.entry("dependencies", "is not supported; use anyOf with one branch for each case"),
            Map.entry("contains", DROP),
            Map.entry("minContains", DROP),
            Map.entry("maxContains", DROP),
            Map.entry("unevaluatedItems", "is not supported; use items"),
            Map.entry("unevaluatedProperties", "is not supported; use additionalProperties"),
            Map.entry("$dynamicRef", "is not supported; use $ref"),
            Map.entry("$recursiveRef", "is not supported; use $ref"));

    /** Keywords that are held. */
    static final Set<String> HELD = Set.of(
            "type",
            "nullable",
            "enum",
            "const",
            "anyOf",
            "oneOf",
            "allOf",
            "$ref",
            "$defs",
            "definitions",
            "minLength",
            "maxLength",
            "pattern",
            "format",
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "multipleOf",
            "items",
            "prefixItems",
            "additionalItems",
            "minItems",
            "maxItems",
            "uniqueItems",
            "properties",
            "required",
            "additionalProperties",
            "patternProperties",
            "propertyNames",
            "minProperties",
            "maxProperties");

    private Keywords() {}

    static Set<String> refused() {
        return REFUSED.keySet();
    }

    /**
     * @throws UnsupportedSchemaException if the schema has a keyword that would have to be held and cannot be
     */
    static void check(SchemaNode node) {
        for (String keyword : node.json().propertyNames()) {
            String reason = REFUSED.get(keyword);
            if (reason != null) {
                throw node.broken(keyword, reason);
            }
        }
        if (node.has("uniqueItems") && node.json().get("uniqueItems").asBoolean(true) && !hasAtMostOneItem(node)) {
            throw node.broken("uniqueItems", DROP);
        }
    }

    private static boolean hasAtMostOneItem(SchemaNode node) {
        return node.count("maxItems").orElse(Integer.MAX_VALUE) <= 1;
    }
}
