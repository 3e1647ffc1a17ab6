package dev.contexture.constrain.schema;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
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

    private final SchemaNode root;
    private final Map<String, SchemaNode> anchors = new HashMap<>();

    /**
     * @param root path of the whole
     */
    private SchemaDocument(JsonNode json, String root) {
        this.root = new SchemaNode(json, root);
        findAnchors(json, root);
    }

    static SchemaDocument read(String text, String root) {
        try {
            return new SchemaDocument(JSON.readTree(text), root);
        } catch (JacksonException e) {
            throw new UnsupportedSchemaException(root, "the schema is not JSON: " + e.getOriginalMessage());
        }
    }

    private void findAnchors(JsonNode json, String path) {
        if (json.isObject()) {
            json.properties().forEach(entry -> {
                if (entry.getKey().equals("$anchor") && entry.getValue().isString()) {
                    anchors.put(entry.getValue().stringValue(), new SchemaNode(json, path));
                }
                findAnchors(entry.getValue(), path + "/" + SchemaNode.escaped(entry.getKey()));
            });
        } else if (json.isArray()) {
            for (int i = 0; i < json.size(); i++) {
                findAnchors(json.get(i), path + "/" + i);
            }
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
            String name = URLDecoder.decode(escaped.replace("+", "%2B"), StandardCharsets.UTF_8)
                    .replace("~1", "/")
                    .replace("~0", "~");
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
}
