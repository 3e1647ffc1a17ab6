package dev.contexture.testing;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** JSON schemas of a seed: nested objects, bounded arrays, enums, numbers, patterns, formats, unions, recursive references. */
public final class RandomSchemas {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final List<String> NAMES = List.of(
            "name",
            "id",
            "title",
            "tags",
            "price",
            "count",
            "address",
            "status",
            "created_at",
            "items",
            "notes",
            "score",
            "is active",
            "größe",
            "a\"b",
            "x/y~z");
    private static final List<String> WORDS =
            List.of("red", "green", "blue", "left", "right", "on hold", "\u00fcber", "a\\b", "");
    private static final List<String> PATTERNS = List.of(
            "^[A-Z]{2}-[0-9]{3,5}$",
            "^[a-z0-9_]+$",
            "[0-9]",
            "^(foo|bar)+(\\.(com|org))?$",
            "^\\S+@\\S+$",
            "^#[0-9a-fA-F]{6}$",
            "^\\p{Lu}\\w*( \\p{Lu}\\w*){0,2}$",
            "^[^\"\\\\]{3,8}$",
            "colou?r",
            "^\\+?[1-9]\\d{1,14}$");
    private static final List<String> FORMATS =
            List.of("date", "time", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "uuid", "uri");

    private final Random random;
    private int references;

    private RandomSchemas(long seed) {
        this.random = new Random(seed);
    }

    /** A schema whose values are objects. */
    public static String of(long seed) {
        RandomSchemas schemas = new RandomSchemas(seed);
        ObjectNode root = schemas.object(0);
        if (schemas.references > 0) {
            ObjectNode definitions = root.putObject("$defs");
            definitions.set("tree", schemas.tree());
            definitions.set("list", schemas.list());
        }
        return root.toString();
    }

    private boolean chance(double share) {
        return random.nextDouble() < share;
    }

    private <T> T one(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    private ObjectNode typed(String type) {
        return JSON.createObjectNode().put("type", type);
    }

    private ObjectNode any(int depth) {
        List<Supplier<ObjectNode>> makers = new ArrayList<>(List.of(
                this::string,
                this::string,
                this::pattern,
                this::format,
                this::integer,
                this::number,
                this::listed,
                this::constant,
                () -> typed("boolean"),
                this::several));
        if (depth < 3) {
            makers.addAll(List.of(
                    () -> object(depth + 1),
                    () -> object(depth + 1),
                    () -> array(depth + 1),
                    () -> array(depth + 1),
                    () -> tuple(depth + 1),
                    () -> anyOf(depth + 1),
                    () -> oneOf(depth + 1),
                    () -> allOf(depth + 1),
                    () -> dictionary(depth + 1),
                    this::complement,
                    this::reference));
        }
        return one(makers).get();
    }

    private ObjectNode object(int depth) {
        ObjectNode schema = typed("object");
        ObjectNode properties = schema.putObject("properties");
        ArrayNode required = schema.putArray("required");
        int count = 1 + random.nextInt(depth == 0 ? 5 : 3);
        for (int i = 0; i < count; i++) {
            String name = one(NAMES);
            properties.set(name, any(depth));
            if (chance(0.7)
                    && required.valueStream()
                            .noneMatch(known -> known.stringValue().equals(name))) {
                required.add(name);
            }
        }
        if (chance(0.8)) {
            schema.put("additionalProperties", false);
            if (chance(0.2)) {
                schema.put("minProperties", Math.min(properties.size(), required.size() + 1));
            }
        } else if (chance(0.7)) {
            schema.set("additionalProperties", one(List.of(string(), integer())));
            schema.put("maxProperties", properties.size() + 2);
        }
        return schema;
    }

    private ObjectNode dictionary(int depth) {
        ObjectNode schema = typed("object");
        schema.putObject("patternProperties").set(one(List.of("^x-", "^[a-z]{1,8}$", "^\\d+$")), any(depth));
        schema.put("additionalProperties", false).put("maxProperties", 3);
        if (chance(0.3)) {
            schema.put("minProperties", 1);
        }
        if (chance(0.3)) {
            schema.putObject("propertyNames").put("maxLength", 12);
        }
        return schema;
    }

    /** Keys that have a pattern, and others: dialects differ on some between. */
    private ObjectNode complement() {
        ObjectNode schema = typed("object");
        schema.putObject("patternProperties")
                .set(one(List.of("^\\S+$", "^\\s*$", "\\s", "^.{1,4}$", "^.*$", "^[^\\s]", "[^\\S]$")), typed("null"));
        schema.set("additionalProperties", integer());
        return schema.put("maxProperties", 3);
    }

    private ObjectNode array(int depth) {
        ObjectNode schema = typed("array");
        schema.set("items", any(depth));
        int least = random.nextInt(3);
        if (chance(0.6)) {
            schema.put("minItems", least);
        }
        return schema.put("maxItems", least + random.nextInt(4));
    }

    private ObjectNode tuple(int depth) {
        ObjectNode schema = typed("array");
        schema.putArray("prefixItems").add(any(depth)).add(any(depth));
        return chance(0.5)
                ? schema.put("items", false).put("minItems", 2)
                : schema.put("minItems", 1).put("maxItems", 2);
    }

    private ObjectNode string() {
        ObjectNode schema = typed("string");
        int least = random.nextInt(6);
        if (chance(0.3)) {
            schema.put("minLength", least);
        }
        return chance(0.7) ? schema.put("maxLength", least + random.nextInt(40)) : schema;
    }

    private ObjectNode pattern() {
        String pattern = one(PATTERNS);
        ObjectNode schema = typed("string").put("pattern", pattern);
        // What may come late in a string, random texts never come to unless they must.
        return !pattern.matches("\\^[^@]*\\$") || chance(0.7)
                ? schema.put("maxLength", 12 + random.nextInt(20))
                : schema;
    }

    private ObjectNode format() {
        return typed("string").put("format", one(FORMATS));
    }

    private ObjectNode integer() {
        ObjectNode schema = typed("integer");
        long least = random.nextInt(2001) - 1000L;
        if (chance(0.5)) {
            schema.put(chance(0.7) ? "minimum" : "exclusiveMinimum", least);
        }
        if (chance(0.5)) {
            schema.put(chance(0.7) ? "maximum" : "exclusiveMaximum", least + 20 + random.nextInt(100_000));
        }
        return chance(0.2) ? schema.put("multipleOf", 1 + random.nextInt(12)) : schema;
    }

    private ObjectNode number() {
        ObjectNode schema = typed("number");
        double least = (random.nextInt(20_001) - 10_000) / 100.0;
        if (chance(0.5)) {
            schema.put(chance(0.7) ? "minimum" : "exclusiveMinimum", least);
        }
        if (chance(0.5)) {
            schema.put(chance(0.7) ? "maximum" : "exclusiveMaximum", least + 0.25 + random.nextInt(1000) / 8.0);
        }
        return chance(0.2) ? schema.put("multipleOf", one(List.of(0.01, 0.5, 0.25, 3.0))) : schema;
    }

    private ObjectNode listed() {
        ObjectNode schema = JSON.createObjectNode();
        ArrayNode values = schema.putArray("enum");
        int count = 1 + random.nextInt(5);
        for (int i = 0; i < count; i++) {
            switch (random.nextInt(6)) {
                case 0 -> values.add(random.nextInt(100));
                case 1 -> values.addNull();
                default -> values.add(one(WORDS));
            }
        }
        return schema;
    }

    private ObjectNode constant() {
        ObjectNode schema = JSON.createObjectNode();
        return chance(0.2)
                ? schema.set("const", JSON.readTree("{\"a\":[1,true],\"b\":null}"))
                : schema.put("const", one(WORDS));
    }

    private ObjectNode several() {
        ObjectNode schema = JSON.createObjectNode();
        schema.putArray("type")
                .add(one(List.of("string", "integer", "boolean")))
                .add("null");
        return schema.put("maxLength", 20).put("minimum", 0);
    }

    private ObjectNode anyOf(int depth) {
        ObjectNode schema = JSON.createObjectNode();
        schema.putArray("anyOf").add(any(depth)).add(any(depth)).add(typed("null"));
        return schema;
    }

    private ObjectNode oneOf(int depth) {
        ObjectNode schema = JSON.createObjectNode();
        ArrayNode branches = schema.putArray("oneOf");
        for (String kind : List.of("circle", "square")) {
            ObjectNode branch = typed("object");
            ObjectNode properties = branch.putObject("properties");
            properties.putObject("kind").put("const", kind);
            properties.set("value", any(depth));
            branch.putArray("required").add("kind").add("value");
            branches.add(branch.put("additionalProperties", false));
        }
        branches.add(typed("null"));
        return schema;
    }

    private ObjectNode allOf(int depth) {
        ObjectNode schema = JSON.createObjectNode();
        ObjectNode first = typed("object");
        first.putObject("properties").set("first", any(depth));
        first.putArray("required").add("first");
        ObjectNode second = JSON.createObjectNode();
        second.putObject("properties").set("second", any(depth));
        second.put("maxProperties", 2);
        schema.putArray("allOf").add(first).add(second);
        return schema;
    }

    private ObjectNode reference() {
        references++;
        return JSON.createObjectNode().put("$ref", one(List.of("#/$defs/tree", "#/$defs/list")));
    }

    private ObjectNode tree() {
        ObjectNode schema = typed("object");
        ObjectNode properties = schema.putObject("properties");
        properties.set("value", integer());
        ObjectNode children = typed("array").put("maxItems", 2);
        children.putObject("items").put("$ref", "#/$defs/tree");
        properties.set("children", children);
        schema.putArray("required").add("value").add("children");
        return schema.put("additionalProperties", false);
    }

    private ObjectNode list() {
        ObjectNode schema = typed("object");
        ObjectNode properties = schema.putObject("properties");
        properties.set("head", listed());
        ArrayNode rest = properties.putObject("rest").putArray("anyOf");
        rest.add(JSON.createObjectNode().put("$ref", "#/$defs/list")).add(typed("null"));
        schema.putArray("required").add("head").add("rest");
        return schema.put("additionalProperties", false);
    }
}
