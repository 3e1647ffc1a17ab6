package dev.contexture.session.responses;

import dev.contexture.session.SessionMessage;
import dev.contexture.session.responses.ResponseItem.FunctionCall;
import dev.contexture.session.responses.ResponseItem.FunctionCallOutput;
import dev.contexture.session.responses.ResponseItem.Message;
import dev.contexture.session.responses.ResponseItem.Role;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** From items to messages as chat templates read them. */
public final class ItemMessages {
    private ItemMessages() {}

    /** Calls become part of the assistant's message before them; a developer speaks as the system. */
    public static List<SessionMessage> of(List<ResponseItem> items) {
        List<SessionMessage> messages = new ArrayList<>();
        Map<String, Object> assistant = new LinkedHashMap<>();
        for (ResponseItem item : items) {
            switch (item) {
                case Message message
                when message.role() == Role.ASSISTANT -> {
                    flush(assistant, messages);
                    assistant.put("role", "assistant");
                    assistant.put("content", String.join("", message.texts()));
                }
                case FunctionCall call -> addCall(assistant, call);
                case Message message -> {
                    flush(assistant, messages);
                    messages.add(SessionMessage.of(name(message.role()), String.join("", message.texts())));
                }
                case FunctionCallOutput output -> {
                    flush(assistant, messages);
                    messages.add(new SessionMessage(
                            Map.of("role", "tool", "tool_call_id", output.callId(), "content", output.output())));
                }
            }
        }
        flush(assistant, messages);
        return messages;
    }

    private static void flush(Map<String, Object> assistant, List<SessionMessage> messages) {
        if (!assistant.isEmpty()) {
            messages.add(new SessionMessage(assistant));
            assistant.clear();
        }
    }

    private static void addCall(Map<String, Object> assistant, FunctionCall call) {
        assistant.putIfAbsent("role", "assistant");
        assistant.putIfAbsent("content", "");
        List<Object> calls = new ArrayList<>();
        if (assistant.get("tool_calls") instanceof List<?> before) {
            calls.addAll(before);
        }
        calls.add(Map.of(
                "id",
                call.callId(),
                "type",
                "function",
                "function",
                Map.of("name", call.name(), "arguments", call.arguments())));
        assistant.put("tool_calls", List.copyOf(calls));
    }

    private static String name(Role role) {
        return role == Role.DEVELOPER ? "system" : role.name().toLowerCase(Locale.ROOT);
    }
}
