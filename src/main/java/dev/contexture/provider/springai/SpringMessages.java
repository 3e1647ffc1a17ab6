package dev.contexture.provider.springai;

import dev.contexture.provider.Remembered;
import dev.contexture.session.SessionMessage;
import dev.contexture.session.SpokenAnswer;
import java.util.List;
import java.util.Map;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.Message;
import org.springframework.ai.chat.messages.SystemMessage;
import org.springframework.ai.chat.messages.ToolResponseMessage;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.content.MediaContent;

/** Spring AI's messages and those of chat templates. */
final class SpringMessages {
    private static final String ROLE = "role";
    private static final String CONTENT = "content";

    private SpringMessages() {}

    /**
     * @throws IllegalArgumentException if there is something that the model cannot read
     */
    static void requireText(List<Message> messages) {
        for (Message message : messages) {
            if (message instanceof MediaContent content && !content.getMedia().isEmpty()) {
                throw new IllegalArgumentException("messages must be text, but one of the "
                        + message.getMessageType().getValue() + " has media, which the model cannot read");
            }
        }
    }

    /** A message with several tool responses is several of ours; media are left out. */
    static List<Map<String, Object>> fields(Message message) {
        String text = message.getText() == null ? "" : message.getText();
        return switch (message) {
            case ToolResponseMessage results ->
                results.getResponses().stream()
                        .map(result -> Map.<String, Object>of(
                                ROLE, "tool", CONTENT, result.responseData(), "tool_call_id", result.id()))
                        .toList();
            case AssistantMessage assistant ->
                List.of(SpokenAnswer.message(
                        text,
                        assistant.getMetadata().get(ContextureChatModel.THINKING) instanceof String thinking
                                ? thinking
                                : "",
                        assistant.getToolCalls().stream()
                                .map(call -> new SpokenAnswer.Call(call.id(), call.name(), call.arguments()))
                                .toList()));
            default -> List.of(Map.of(ROLE, message.getMessageType().getValue(), CONTENT, text));
        };
    }

    static List<Message> messages(List<SessionMessage> session) {
        return Remembered.of(session).stream().map(SpringMessages::message).toList();
    }

    private static Message message(Remembered said) {
        return switch (said) {
            case Remembered.Instruction system -> new SystemMessage(system.text());
            case Remembered.User user -> new UserMessage(user.text());
            case Remembered.Answer answer ->
                AssistantMessage.builder()
                        .content(answer.text())
                        .properties(
                                answer.thinking().isEmpty()
                                        ? Map.of()
                                        : Map.of(ContextureChatModel.THINKING, answer.thinking()))
                        .toolCalls(answer.calls().stream()
                                .map(call -> new AssistantMessage.ToolCall(
                                        call.id(), "function", call.name(), call.arguments()))
                                .toList())
                        .build();
            case Remembered.Result result ->
                ToolResponseMessage.builder()
                        .responses(List.of(
                                new ToolResponseMessage.ToolResponse(result.id(), result.name(), result.text())))
                        .build();
        };
    }
}
