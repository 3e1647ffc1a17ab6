package dev.contexture.constrain.schema;

import java.math.BigDecimal;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A schema as it was given, and where its references point. */
final class SchemaDocument {
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .enable(DeserializationFeature.USE_BIG_INTEGER_FOR_INTS)
            .build();

    private static final int MOST_EXPONENT = 400;
    private static final int MOST_DEPTH = 256;

    private final SchemaNode root;
    private final Map<String, SchemaNode> anchors = new HashMap<>();

    /** Keywords whose values name schemas. */
    private static final Set<String> NAMING =
            Set.of("properties", "patternProperties", "$defs", "definitions", "dependentSchemas");

    /** Keywords whose values are values. */
    private static final Set<String> GIVING = Set.of("const", "enum", "default", "example", "examples");

    private enum Within {
        SCHEMA,
        NAMES,
        VALUE
    }

    /**
     * @param root path of the whole
     */
    private SchemaDocument(JsonNode json, String root) {
        this.root = new SchemaNode(json, root);
        walk(json, Within.SCHEMA, new ArrayList<>(), null);
    }

    static SchemaDocument read(String text, String root) {
        try {
            return new SchemaDocument(JSON.readTree(text), root);
        } catch (JacksonException e) {
            throw new UnsupportedSchemaException(root, "the schema is not JSON: " + e.getOriginalMessage());
        }
    }

    private String path(List<String> names) {
        return root.path()
                + names.stream().map(name -> "/" + SchemaNode.escaped(name)).collect(Collectors.joining());
    }

    /**
     * Finds anchors, and what is refused wherever it stands.
     *
     * @param identified the $id that holds here below the root's
     */
    private void walk(JsonNode json, Within within, List<String> path, @Nullable String identified) {
        if (path.size() > MOST_DEPTH) {
            throw new UnsupportedSchemaException(root.path(), "the schema is nested more than " + MOST_DEPTH + " deep");
        }
        if (json.isNumber()) {
            requireModest(json.decimalValue(), path);
        } else if (json.isArray()) {
            for (int i = 0; i < json.size(); i++) {
                path.add(Integer.toString(i));
                walk(json.get(i), within, path, identified);
                path.removeLast();
            }
        } else if (json.isObject()) {
            String id = within == Within.SCHEMA ? identifier(json, path, identified) : identified;
            for (Map.Entry<String, JsonNode> entry : json.properties()) {
                path.add(entry.getKey());
                walk(entry.getValue(), within(within, entry.getKey()), path, id);
                path.removeLast();
            }
        }
    }

    private static Within within(Within within, String keyword) {
        return switch (within) {
            case VALUE -> Within.VALUE;
            case NAMES -> Within.SCHEMA;
            case SCHEMA ->
                NAMING.contains(keyword) ? Within.NAMES : GIVING.contains(keyword) ? Within.VALUE : Within.SCHEMA;
        };
    }

    private @Nullable String identifier(JsonNode schema, List<String> path, @Nullable String outer) {
        JsonNode id = schema.get("$id");
        // One of a fragment alone, as in older drafts, is no other base.
        boolean other = !path.isEmpty()
                && id != null
                && id.isString()
                && !id.stringValue().startsWith("#");
        String inner = other ? path(path) + "/$id" : outer;
        boolean refers = isText(schema, "$ref") || isText(schema, "$anchor");
        if (inner != null && refers) {
            throw new UnsupportedSchemaException(
                    inner, "$ref and $anchor are not supported below an $id that is not the root's; leave it out");
        }
        if (isText(schema, "$anchor")) {
            anchors.put(schema.get("$anchor").stringValue(), new SchemaNode(schema, path(path)));
        }
        return inner;
    }

    private static boolean isText(JsonNode schema, String keyword) {
        return schema.has(keyword) && schema.get(keyword).isString();
    }

    /** Nothing is ever computed with digits that only an exponent says. */
    private void requireModest(BigDecimal number, List<String> path) {
        if (Math.abs((long) number.scale()) > MOST_EXPONENT || number.precision() > 2 * MOST_EXPONENT) {
            throw new UnsupportedSchemaException(
                    path(path), "a number's exponent must be from -" + MOST_EXPONENT + " to " + MOST_EXPONENT);
        }
    }

    SchemaNode root() {
        return root;
    }

    /** The schema that a node's $ref names. */
    SchemaNode target(SchemaNode node) {
        String ref = node.string("$ref").orElse("");
        if (ref.equals("#")) {
            return root;
        }
        if (!ref.startsWith("#")) {
            throw node.broken("$ref", "\"" + ref + "\" is not within this schema; put it under $defs");
        }
        SchemaNode target = ref.startsWith("#/") ? pointed(node, ref) : anchors.get(ref.substring(1));
        if (target == null) {
            throw node.broken("$ref", "there is no \"" + ref + "\"");
        }
        return target;
    }

    private SchemaNode pointed(SchemaNode node, String ref) {
        JsonNode json = root.json();
        StringBuilder path = new StringBuilder(root.path());
        for (String escaped : ref.substring(2).split("/", -1)) {
            String name = decoded(node, escaped).replace("~1", "/").replace("~0", "~");
            JsonNode child =
                    json.isArray() && name.matches("[0-9]{1,6}") ? json.get(Integer.parseInt(name)) : json.get(name);
            if (child == null) {
                throw node.broken("$ref", "there is no \"" + ref + "\"");
            }
            json = child;
            path.append('/').append(SchemaNode.escaped(name));
        }
        return new SchemaNode(json, path.toString());
    }

    private static String decoded(SchemaNode node, String escaped) {
        try {
            return URLDecoder.decode(escaped.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw node.broken("$ref", "\"" + escaped + "\" has a % that does not stand before two hexadecimal digits");
        }
    }
}
