package dev.contexture.api;

import dev.contexture.session.SpokenAnswer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The messages of a body whose content is blocks, as chat templates read them. One per body. */
final class MessageHistory {
    private static final List<String> ROLES = List.of("user", "assistant", "system");

    private final List<Map<String, Object>> messages = new ArrayList<>();

    private MessageHistory() {}

    /**
     * @param system a text or text blocks
     * @throws InvalidRequestException names the field at fault
     */
    static List<Map<String, Object>> read(@Nullable Object system, @Nullable List<Map<String, Object>> given) {
        MessageHistory history = new MessageHistory();
        if (system != null) {
            history.add("system", ChatMessages.text(system, "system"));
        }
        List<Map<String, Object>> some = ChatMessages.some(given);
        for (int i = 0; i < some.size(); i++) {
            history.message(some.get(i), "messages[" + i + "]");
        }
        return history.messages;
    }

    private void add(String role, String text) {
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("role", role);
        message.put("content", text);
        messages.add(message);
    }

    private void message(Map<String, Object> message, String at) {
        String role = ChatMessages.role(message, ROLES, at);
        Object content = message.get("content");
        String param = at + ".content";
        if (role.equals("system") || !(content instanceof List<?> blocks)) {
            add(role, ChatMessages.text(content, param));
            return;
        }
        if (role.equals("user")) {
            user(blocks, param);
        } else {
            assistant(blocks, param);
        }
    }

    /** Results are messages of their own, in the order given. */
    private void user(List<?> blocks, String param) {
        StringBuilder text = new StringBuilder();
        int before = messages.size();
        for (int i = 0; i < blocks.size(); i++) {
            String at = param + "[" + i + "]";
            Map<?, ?> block = Fields.object(blocks.get(i), at);
            switch (Fields.text(block, "type", at)) {
                case "text" -> text.append(Fields.text(block, "text", at));
                case "tool_result" -> {
                    if (!text.isEmpty()) {
                        add("user", text.toString());
                        text.setLength(0);
                    }
                    result(block, at);
                }
                default -> throw ChatMessages.noText(block, at);
            }
        }
        if (!text.isEmpty() || messages.size() == before) {
            add("user", text.toString());
        }
    }

    /** Templates know no results that failed: the text says so. */
    private void result(Map<?, ?> block, String at) {
        Object failed = block.get("is_error");
        if (failed != null && !(failed instanceof Boolean)) {
            throw InvalidRequestException.badType(at + ".is_error", "true or false");
        }
        String call = Fields.text(block, "tool_use_id", at);
        String text = block.get("content") == null ? "" : ChatMessages.text(block.get("content"), at + ".content");
        add("tool", Boolean.TRUE.equals(failed) ? "Error: " + text : text);
        messages.getLast().put("tool_call_id", call);
    }

    /** Thoughts that were redacted are nothing to this model. */
    private void assistant(List<?> blocks, String param) {
        StringBuilder text = new StringBuilder();
        StringBuilder thoughts = new StringBuilder();
        List<Map<String, Object>> calls = new ArrayList<>();
        Set<String> ids = new HashSet<>();
        for (int i = 0; i < blocks.size(); i++) {
            String at = param + "[" + i + "]";
            Map<?, ?> block = Fields.object(blocks.get(i), at);
            switch (Fields.text(block, "type", at)) {
                case "text" -> text.append(Fields.text(block, "text", at));
                case "thinking" -> thoughts.append(Fields.text(block, "thinking", at));
                case "redacted_thinking" -> {}
                case "tool_use" -> calls.add(call(block, ids, at));
                default -> throw ChatMessages.noText(block, at);
            }
        }
        Map<String, Object> message = SpokenAnswer.message(text.toString(), thoughts.toString(), List.of());
        if (!calls.isEmpty()) {
            message.put("tool_calls", calls);
        }
        messages.add(message);
    }

    private static Map<String, Object> call(Map<?, ?> block, Set<String> ids, String at) {
        String id = ToolCallFields.text(block.get("id"), at + ".id");
        ToolCallFields.requireNew(id, ids, at);
        return ToolCallFields.templateCall(
                id,
                ToolCallFields.text(block.get("name"), at + ".name"),
                Fields.object(block.get("input"), at + ".input"));
    }
}
