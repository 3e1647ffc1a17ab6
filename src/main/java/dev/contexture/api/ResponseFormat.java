package dev.contexture.api;

import dev.contexture.constrain.ConstraintSpec;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What {@code response_format} asks an answer to be. A schema is held whether or not it is called strict. */
final class ResponseFormat {
    private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9_-]{1,64}");

    private ResponseFormat() {}

    /**
     * @return empty for text
     * @throws InvalidRequestException names the field at fault
     */
    static Optional<ConstraintSpec> of(@Nullable Map<String, Object> format) {
        if (format == null) {
            return Optional.empty();
        }
        Object type = format.get("type");
        if (type == null) {
            throw InvalidRequestException.missing("response_format.type");
        }
        return switch (type.toString()) {
            case "text" -> Optional.empty();
            case "json_object" -> Optional.of(new ConstraintSpec.AnyObject());
            case "json_schema" -> Optional.of(schema(format.get("json_schema")));
            default ->
                throw InvalidRequestException.badValue(
                        "'response_format.type' must be text, json_object or json_schema but is '" + type + "'.",
                        "response_format.type");
        };
    }

    private static ConstraintSpec schema(@Nullable Object given) {
        if (given == null) {
            throw InvalidRequestException.missing("response_format.json_schema");
        }
        if (!(given instanceof Map<?, ?> named)) {
            throw InvalidRequestException.badType("response_format.json_schema", "an object");
        }
        if (named.get("name") == null) {
            throw InvalidRequestException.missing("response_format.json_schema.name");
        }
        if (!(named.get("name") instanceof String name) || !NAME.matcher(name).matches()) {
            throw InvalidRequestException.badValue(
                    "'response_format.json_schema.name' must be 1 to 64 letters, digits, underscores or dashes.",
                    "response_format.json_schema.name");
        }
        Object schema = named.get("schema");
        if (schema == null) {
            throw InvalidRequestException.missing("response_format.json_schema.schema");
        }
        if (!(schema instanceof Map<?, ?>)) {
            throw InvalidRequestException.badType("response_format.json_schema.schema", "an object");
        }
        return new ConstraintSpec.Schema(new String(Json.write(schema), StandardCharsets.UTF_8));
    }
}
