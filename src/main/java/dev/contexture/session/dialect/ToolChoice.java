package dev.contexture.session.dialect;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** Whether and what the model may call. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
    @JsonSubTypes.Type(value = ToolChoice.Auto.class, name = "auto"),
    @JsonSubTypes.Type(value = ToolChoice.None.class, name = "none"),
    @JsonSubTypes.Type(value = ToolChoice.Required.class, name = "required"),
    @JsonSubTypes.Type(value = ToolChoice.Named.class, name = "named")
})
public sealed interface ToolChoice {
    /** As it likes. */
    record Auto() implements ToolChoice {}

    /** Nothing: the prompt does not mention tools. */
    record None() implements ToolChoice {}

    /** At least one tool. */
    record Required() implements ToolChoice {}

    /** This one, once. */
    record Named(String name) implements ToolChoice {}

    ToolChoice AUTO = new Auto();
    ToolChoice NONE = new None();
    ToolChoice REQUIRED = new Required();
}
