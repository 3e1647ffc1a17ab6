package dev.contexture.constrain.schema;

import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/** Kinds of JSON values; a schema's "number" is both of the last two. */
enum Kind {
    OBJECT,
    ARRAY,
    STRING,
    BOOLEAN,
    NULL,
    INTEGER,
    FRACTION;

    /** Those of a type's name, if there is one. */
    static Optional<Set<Kind>> named(String type) {
        return Optional.ofNullable(
                switch (type) {
                    case "object" -> EnumSet.of(OBJECT);
                    case "array" -> EnumSet.of(ARRAY);
                    case "string" -> EnumSet.of(STRING);
                    case "boolean" -> EnumSet.of(BOOLEAN);
                    case "null" -> EnumSet.of(NULL);
                    case "integer" -> EnumSet.of(INTEGER);
                    case "number" -> EnumSet.of(INTEGER, FRACTION);
                    default -> null;
                });
    }
}
