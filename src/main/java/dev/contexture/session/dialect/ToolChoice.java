package dev.contexture.session.dialect;

/** Whether and what the model may call. */
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
