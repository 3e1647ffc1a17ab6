package dev.contexture.provider.langchain4j;

import dev.contexture.constrain.ConstraintSpec;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.json.JsonAnyOfSchema;
import dev.langchain4j.model.chat.request.json.JsonArraySchema;
import dev.langchain4j.model.chat.request.json.JsonBooleanSchema;
import dev.langchain4j.model.chat.request.json.JsonEnumSchema;
import dev.langchain4j.model.chat.request.json.JsonIntegerSchema;
import dev.langchain4j.model.chat.request.json.JsonNullSchema;
import dev.langchain4j.model.chat.request.json.JsonNumberSchema;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonRawSchema;
import dev.langchain4j.model.chat.request.json.JsonReferenceSchema;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import dev.langchain4j.model.chat.request.json.JsonSchemaElement;
import dev.langchain4j.model.chat.request.json.JsonStringSchema;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.util.RawValue;

/**
 * What LangChain4j's {@link ResponseFormat} asks an answer to be. Descriptions are left out, as they say nothing about values. Objects that
 * do not say whether they have other properties have none: their schemas are made from types, which would drop them.
 */
final class AnswerFormat {
    private static final JsonMapper JSON = JsonMapper.shared();

    private AnswerFormat() {}

    /**
     * @return empty for text
     * @throws UnsupportedFeatureException if the schema has a part of a kind that is not known here
     */
    static Optional<ConstraintSpec> of(@Nullable ResponseFormat format) {
        if (format == null || format.type() != ResponseFormatType.JSON) {
            return Optional.empty();
        }
        JsonSchema schema = format.jsonSchema();
        return Optional.of(
                schema == null
                        ? new ConstraintSpec.AnyObject()
                        : new ConstraintSpec.Schema(JSON.writeValueAsString(schema(schema.rootElement()))));
    }

    private static Object schema(JsonSchemaElement element) {
        return switch (element) {
            case JsonObjectSchema object -> object(object);
            case JsonArraySchema array ->
                array.items() == null
                        ? Map.of("type", "array")
                        : Map.of("type", "array", "items", schema(array.items()));
            case JsonAnyOfSchema any ->
                Map.of("anyOf", any.anyOf().stream().map(AnswerFormat::schema).toList());
            case JsonEnumSchema values -> Map.of("enum", values.enumValues());
            case JsonStringSchema string -> Map.of("type", "string");
            case JsonIntegerSchema integer -> Map.of("type", "integer");
            case JsonNumberSchema number -> Map.of("type", "number");
            case JsonBooleanSchema bool -> Map.of("type", "boolean");
            case JsonNullSchema nothing -> Map.of("type", "null");
            case JsonReferenceSchema reference -> Map.of("$ref", "#/$defs/" + reference.reference());
            case JsonRawSchema raw -> new RawValue(raw.schema());
            default ->
                throw new UnsupportedFeatureException("a schema with a "
                        + element.getClass().getSimpleName() + " is not supported; use JsonRawSchema for it");
        };
    }

    private static Object object(JsonObjectSchema object) {
        Map<String, Object> schema = new LinkedHashMap<>();
        schema.put("type", "object");
        schema.put("properties", schemas(object.properties()));
        schema.put("required", object.required());
        schema.put("additionalProperties", Boolean.TRUE.equals(object.additionalProperties()));
        if (!object.definitions().isEmpty()) {
            schema.put("$defs", schemas(object.definitions()));
        }
        return schema;
    }

    /** In the given order, which is that of the answer. */
    private static Map<String, Object> schemas(Map<String, JsonSchemaElement> elements) {
        Map<String, Object> schemas = new LinkedHashMap<>();
        elements.forEach((name, element) -> schemas.put(name, schema(element)));
        return schemas;
    }
}
