package dev.contexture.api;

import dev.contexture.constrain.ConstraintSpec;
import dev.contexture.session.responses.AnswerFormat;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What {@code response_format} of chat completions and {@code text.format} of responses ask an answer to be. A schema is held whether or
 * not it is called strict.
 */
final class ResponseFormat {
    private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9_-]{1,64}");

    private ResponseFormat() {}

    /**
     * @param format {@code response_format}
     * @return empty for text
     * @throws InvalidRequestException names the field at fault
     */
    static Optional<ConstraintSpec> ofChat(@Nullable Map<String, Object> format) {
        if (format == null) {
            return Optional.empty();
        }
        String at = "response_format";
        String atSchema = at + ".json_schema";
        AnswerFormat read = switch (type(format, at)) {
            case TEXT -> new AnswerFormat.Text();
            case JSON_OBJECT -> new AnswerFormat.JsonObject();
            case JSON_SCHEMA -> schema(Fields.object(format.get("json_schema"), atSchema), atSchema);
        };
        return read.constraint();
    }

    /**
     * @param text the field that has a format, whose schema lies in it and not below
     * @throws InvalidRequestException names the field at fault
     */
    static AnswerFormat ofResponse(@Nullable Map<String, Object> text) {
        String at = "text.format";
        Object given = text == null ? null : text.get("format");
        if (given == null) {
            return new AnswerFormat.Text();
        }
        Map<?, ?> format = Fields.object(given, at);
        return switch (type(format, at)) {
            case TEXT -> new AnswerFormat.Text();
            case JSON_OBJECT -> new AnswerFormat.JsonObject();
            case JSON_SCHEMA -> schema(format, at);
        };
    }

    /**
     * @param format {@code output_config.format} of a message, a schema that has no name
     * @return empty for text
     * @throws InvalidRequestException names the field at fault
     */
    static Optional<ConstraintSpec> ofMessage(@Nullable Map<String, Object> format) {
        if (format == null) {
            return Optional.empty();
        }
        String at = "output_config.format";
        if (type(format, at) != Type.JSON_SCHEMA) {
            throw InvalidRequestException.badValue(
                    "'" + at + ".type' must be json_schema but is '" + format.get("type") + "'.", at + ".type");
        }
        return Optional.of(new ConstraintSpec.Schema(json(Fields.object(format.get("schema"), at + ".schema"))));
    }

    private static String json(Map<?, ?> schema) {
        return new String(Json.write(schema), StandardCharsets.UTF_8);
    }

    private enum Type {
        TEXT,
        JSON_OBJECT,
        JSON_SCHEMA
    }

    private static Type type(Map<?, ?> format, String at) {
        Object type = format.get("type");
        if (type == null) {
            throw InvalidRequestException.missing(at + ".type");
        }
        return switch (type.toString()) {
            case "text" -> Type.TEXT;
            case "json_object" -> Type.JSON_OBJECT;
            case "json_schema" -> Type.JSON_SCHEMA;
            default ->
                throw InvalidRequestException.badValue(
                        "'" + at + ".type' must be text, json_object or json_schema but is '" + type + "'.",
                        at + ".type");
        };
    }

    private static AnswerFormat.JsonSchema schema(Map<?, ?> named, String at) {
        if (named.get("name") == null) {
            throw InvalidRequestException.missing(at + ".name");
        }
        if (!(named.get("name") instanceof String name) || !NAME.matcher(name).matches()) {
            throw InvalidRequestException.badValue(
                    "'" + at + ".name' must be 1 to 64 letters, digits, underscores or dashes.", at + ".name");
        }
        Map<?, ?> schema = Fields.object(named.get("schema"), at + ".schema");
        return new AnswerFormat.JsonSchema(
                name,
                optional(named, "description", String.class, at, "a string"),
                json(schema),
                optional(named, "strict", Boolean.class, at, "true or false"));
    }

    private static <T> Optional<T> optional(Map<?, ?> fields, String name, Class<T> type, String at, String typeName) {
        Object value = fields.get(name);
        if (value == null) {
            return Optional.empty();
        }
        if (!type.isInstance(value)) {
            throw InvalidRequestException.badType(at + "." + name, typeName);
        }
        return Optional.of(type.cast(value));
    }
}
