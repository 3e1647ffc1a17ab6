package dev.contexture.session.responses;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;

/** What a response is made of and from. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
    @JsonSubTypes.Type(value = ResponseItem.Message.class, name = "message"),
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
     * The model asks for a function to be called.
     *
     * @param callId by which its output is found
     * @param arguments JSON
     */
    record FunctionCall(String id, String callId, String name, String arguments) implements ResponseItem {}

    /** What a function that the model asked for gave back. */
    record FunctionCallOutput(String id, String callId, String output) implements ResponseItem {}
}
