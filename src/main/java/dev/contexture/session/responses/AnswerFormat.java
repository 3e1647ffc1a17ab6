package dev.contexture.session.responses;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.contexture.constrain.ConstraintSpec;
import java.util.Optional;

/** What the text of an answer is to be. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
    @JsonSubTypes.Type(value = AnswerFormat.Text.class, name = "text"),
    @JsonSubTypes.Type(value = AnswerFormat.JsonObject.class, name = "json_object"),
    @JsonSubTypes.Type(value = AnswerFormat.JsonSchema.class, name = "json_schema")
})
public sealed interface AnswerFormat {
    /** What answers are held to; empty: anything. */
    Optional<ConstraintSpec> constraint();

    /** Any text. */
    record Text() implements AnswerFormat {
        @Override
        public Optional<ConstraintSpec> constraint() {
            return Optional.empty();
        }
    }

    /** Any JSON object. */
    record JsonObject() implements AnswerFormat {
        @Override
        public Optional<ConstraintSpec> constraint() {
            return Optional.of(new ConstraintSpec.AnyObject());
        }
    }

    /**
     * A value of a JSON schema, which is held whether or not it is called strict.
     *
     * @param description in the caller's words
     * @param schema as JSON
     */
    record JsonSchema(String name, Optional<String> description, String schema, Optional<Boolean> strict)
            implements AnswerFormat {
        @Override
        public Optional<ConstraintSpec> constraint() {
            return Optional.of(new ConstraintSpec.Schema(schema));
        }
    }
}
