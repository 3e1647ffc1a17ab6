package dev.contexture.session.responses;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;

/** What a response is made of and from. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
    @JsonSubTypes.Type(value = ResponseItem.Message.class, name = "message"),
    @JsonSubTypes.Type(value = ResponseItem.Reasoning.class, name = "reasoning"),
    @JsonSubTypes.Type(value = ResponseItem.FunctionCall.class, name = "function_call"),
    @JsonSubTypes.Type(value = ResponseItem.FunctionCallOutput.class, name = "function_call_output")
})
public sealed interface ResponseItem {
    /** Unique in its response. */
    String id();

    /** Who says something. */
    enum Role {
        USER,
        ASSISTANT,
        SYSTEM,
        DEVELOPER
    }

    /**
     * A message.
     *
     * @param texts its parts
     * @param whole whether it was said to its end
     */
    record Message(String id, Role role, List<String> texts, boolean whole) implements ResponseItem {
        public Message {
            texts = List.copyOf(texts);
        }
    }

    /**
     * What the model thought before it answered.
     *
     * @param text without tags
     * @param whole whether it was thought to its end
     */
    record Reasoning(String id, String text, boolean whole) implements ResponseItem {}

    /**
     * The model asks for a function to be called.
     *
     * @param callId by which its output is found
     * @param arguments JSON; its beginning where the call is not whole
     * @param whole whether the call was made to its end
     */
    record FunctionCall(String id, String callId, String name, String arguments, boolean whole)
            implements ResponseItem {}

    /** What a function that the model asked for gave back. */
    record FunctionCallOutput(String id, String callId, String output) implements ResponseItem {}
}
