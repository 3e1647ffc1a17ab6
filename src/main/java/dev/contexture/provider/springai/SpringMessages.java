package dev.contexture.provider.springai;

import dev.contexture.session.SessionMessage;
import dev.contexture.session.SpokenAnswer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.Message;
import org.springframework.ai.chat.messages.SystemMessage;
import org.springframework.ai.chat.messages.ToolResponseMessage;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.content.MediaContent;
import tools.jackson.databind.json.JsonMapper;

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

    /** A session's conversation; a role that Spring AI does not know is a user's. */
    static List<Message> messages(List<SessionMessage> session) {
        List<Message> messages = new ArrayList<>();
        Map<String, String> names = new LinkedHashMap<>();
        for (SessionMessage said : session) {
            String text = text(said.fields().get(CONTENT));
            messages.add(
                    switch (said.role()) {
                        case "system" -> new SystemMessage(text);
                        case "assistant" -> assistant(text, said.fields(), names);
                        case "tool" -> response(text, said.fields().get("tool_call_id"), names);
                        default -> new UserMessage(text);
                    });
        }
        return messages;
    }

    /** Callers over HTTP may have sent a message in parts. */
    private static String text(@Nullable Object content) {
        return switch (content) {
            case String text -> text;
            case List<?> parts -> {
                StringBuilder text = new StringBuilder();
                for (Object part : parts) {
                    text.append(part instanceof Map<?, ?> fields && fields.get("text") instanceof String of ? of : "");
                }
                yield text.toString();
            }
            case null -> "";
            default -> content.toString();
        };
    }

    private static AssistantMessage assistant(String text, Map<String, Object> fields, Map<String, String> names) {
        List<AssistantMessage.ToolCall> calls = new ArrayList<>();
        if (fields.get("tool_calls") instanceof List<?> said) {
            for (Object call : said) {
                if (call instanceof Map<?, ?> of && of.get("function") instanceof Map<?, ?> function) {
                    String id = String.valueOf(of.get("id"));
                    String name = String.valueOf(function.get("name"));
                    names.put(id, name);
                    calls.add(new AssistantMessage.ToolCall(id, "function", name, json(function.get("arguments"))));
                }
            }
        }
        Map<String, Object> metadata = fields.get("reasoning_content") instanceof String thinking && !thinking.isEmpty()
                ? Map.of(ContextureChatModel.THINKING, thinking)
                : Map.of();
        return AssistantMessage.builder()
                .content(text)
                .properties(metadata)
                .toolCalls(calls)
                .build();
    }

    private static String json(@Nullable Object arguments) {
        return arguments instanceof String written
                ? written
                : JsonMapper.shared().writeValueAsString(arguments);
    }

    private static ToolResponseMessage response(String text, @Nullable Object call, Map<String, String> names) {
        String id = call instanceof String given ? given : "";
        return ToolResponseMessage.builder()
                .responses(List.of(new ToolResponseMessage.ToolResponse(id, names.getOrDefault(id, ""), text)))
                .build();
    }
}
