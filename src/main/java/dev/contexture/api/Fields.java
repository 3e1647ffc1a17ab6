package dev.contexture.api;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads values of a body whose types the body's record does not say. */
final class Fields {
    private Fields() {}

    /**
     * @param at where the map lies
     * @throws InvalidRequestException if the field is not there, or no string
     */
    static String text(Map<?, ?> fields, String name, String at) {
        return switch (fields.get(name)) {
            case null -> throw InvalidRequestException.missing(at + "." + name);
            case String text -> text;
            default -> throw InvalidRequestException.badType(at + "." + name, "a string");
        };
    }

    /**
     * @throws InvalidRequestException if there is nothing, or no object
     */
    static Map<?, ?> object(@Nullable Object given, String at) {
        return switch (given) {
            case null -> throw InvalidRequestException.missing(at);
            case Map<?, ?> object -> object;
            default -> throw InvalidRequestException.badType(at, "an object");
        };
    }
}
