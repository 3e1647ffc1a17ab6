package dev.contexture.constrain.schema;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A schema within a schema. Equal if they are at one place.
 *
 * @param path as a JSON pointer behind #
 */
record SchemaNode(JsonNode json, String path) {
    SchemaNode {
        if (!json.isObject() && !json.isBoolean()) {
            throw new UnsupportedSchemaException(path, "a schema is an object, true or false");
        }
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other || other instanceof SchemaNode node && path.equals(node.path);
    }

    @Override
    public int hashCode() {
        return path.hashCode();
    }

    boolean has(String keyword) {
        return json.has(keyword);
    }

    String at(String keyword) {
        return path + "/" + escaped(keyword);
    }

    static String escaped(String name) {
        return name.replace("~", "~0").replace("/", "~1");
    }

    UnsupportedSchemaException broken(String keyword, String message) {
        return new UnsupportedSchemaException(at(keyword), message);
    }

    Optional<SchemaNode> schema(String keyword) {
        return has(keyword) ? Optional.of(new SchemaNode(json.get(keyword), at(keyword))) : Optional.empty();
    }

    /** Of a keyword whose value is a list of schemas. */
    List<SchemaNode> schemas(String keyword) {
        List<SchemaNode> nodes = new ArrayList<>();
        if (has(keyword)) {
            JsonNode list = json.get(keyword);
            if (!list.isArray() || list.isEmpty()) {
                throw broken(keyword, "must be a list of at least one schema");
            }
            for (int i = 0; i < list.size(); i++) {
                nodes.add(new SchemaNode(list.get(i), at(keyword) + "/" + i));
            }
        }
        return nodes;
    }

    /** Of a keyword whose value names schemas. */
    Map<String, SchemaNode> named(String keyword) {
        Map<String, SchemaNode> nodes = new LinkedHashMap<>();
        if (has(keyword)) {
            if (!json.get(keyword).isObject()) {
                throw broken(keyword, "must be an object of schemas");
            }
            json.get(keyword)
                    .properties()
                    .forEach(entry -> nodes.put(
                            entry.getKey(),
                            new SchemaNode(entry.getValue(), at(keyword) + "/" + escaped(entry.getKey()))));
        }
        return nodes;
    }

    /** Names that a keyword's value has schemas for. */
    Collection<String> names(String keyword) {
        JsonNode all = json.get(keyword);
        if (all == null) {
            return List.of();
        }
        if (!all.isObject()) {
            throw broken(keyword, "must be an object of schemas");
        }
        return all.propertyNames();
    }

    /** One of a keyword's whose value names schemas. */
    Optional<SchemaNode> named(String keyword, String name) {
        JsonNode all = json.get(keyword);
        if (all == null) {
            return Optional.empty();
        }
        if (!all.isObject()) {
            throw broken(keyword, "must be an object of schemas");
        }
        JsonNode one = all.get(name);
        return one == null ? Optional.empty() : Optional.of(new SchemaNode(one, at(keyword) + "/" + escaped(name)));
    }

    List<String> strings(String keyword) {
        List<String> strings = new ArrayList<>();
        if (has(keyword)) {
            if (!json.get(keyword).isArray()) {
                throw broken(keyword, "must be a list of strings");
            }
            for (JsonNode element : json.get(keyword)) {
                if (!element.isString()) {
                    throw broken(keyword, "must be a list of strings");
                }
                strings.add(element.stringValue());
            }
        }
        return strings;
    }

    Optional<String> string(String keyword) {
        if (!has(keyword)) {
            return Optional.empty();
        }
        if (!json.get(keyword).isString()) {
            throw broken(keyword, "must be a string");
        }
        return Optional.of(json.get(keyword).stringValue());
    }

    /** Of a keyword whose value is a count. */
    OptionalInt count(String keyword) {
        if (!has(keyword)) {
            return OptionalInt.empty();
        }
        Optional<BigDecimal> value = number(keyword);
        if (value.isEmpty()
                || value.get().signum() < 0
                || value.get().stripTrailingZeros().scale() > 0) {
            throw broken(keyword, "must be a whole number of at least 0");
        }
        return OptionalInt.of(
                value.get().min(BigDecimal.valueOf(Integer.MAX_VALUE)).intValue());
    }

    Optional<BigDecimal> number(String keyword) {
        if (!has(keyword)) {
            return Optional.empty();
        }
        if (!json.get(keyword).isNumber()) {
            throw broken(keyword, "must be a number");
        }
        return Optional.of(json.get(keyword).decimalValue());
    }
}
