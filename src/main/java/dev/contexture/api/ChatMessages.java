package dev.contexture.api;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The messages of a body, checked. */
final class ChatMessages {
    private static final Set<String> ROLES = Set.of("system", "developer", "user", "assistant", "tool");

    private ChatMessages() {}

    /** Messages as chat templates read them: text content is one string, "developer" is "system". */
    static List<Map<String, Object>> read(@Nullable List<Map<String, Object>> given) {
        if (given != null && given.isEmpty()) {
            throw InvalidRequestException.badValue("'messages' must have at least one message.", "messages");
        }
        return readAny(given);
    }

    /** The same, but there may be none. */
    static List<Map<String, Object>> readAny(@Nullable List<Map<String, Object>> given) {
        if (given == null) {
            throw InvalidRequestException.missing("messages");
        }
        List<Map<String, Object>> messages = new ArrayList<>();
        for (int i = 0; i < given.size(); i++) {
            messages.add(message(given.get(i), "messages[" + i + "]"));
        }
        return messages;
    }

    private static Map<String, Object> message(@Nullable Map<String, Object> given, String param) {
        if (given == null) {
            throw InvalidRequestException.badType(param, "an object");
        }
        Object role = given.get("role");
        if (role == null) {
            throw InvalidRequestException.missing(param + ".role");
        }
        if (!(role instanceof String name)) {
            throw InvalidRequestException.badType(param + ".role", "a string");
        }
        if (!ROLES.contains(name)) {
            throw InvalidRequestException.badValue(
                    "'" + param + ".role' must be system, developer, user, assistant or tool but is '" + name + "'.",
                    param + ".role");
        }
        Map<String, Object> message = new LinkedHashMap<>(given);
        message.values().removeIf(Objects::isNull); // clients write fields out that they do not use
        message.put("role", name.equals("developer") ? "system" : name);
        String content = content(given, name, param + ".content");
        message.put("content", content == null ? "" : content);
        message.remove("tool_calls");
        if (name.equals("assistant")) {
            List<Map<String, Object>> calls = ToolCallFields.read(given.get("tool_calls"), param + ".tool_calls");
            if (!calls.isEmpty()) {
                message.put("tool_calls", calls);
            }
            if (given.get("reasoning_content") != null && !(given.get("reasoning_content") instanceof String)) {
                throw InvalidRequestException.badType(param + ".reasoning_content", "a string");
            }
        }
        if (name.equals("tool") && !(given.get("tool_call_id") instanceof String)) {
            throw given.get("tool_call_id") == null
                    ? InvalidRequestException.missing(param + ".tool_call_id")
                    : InvalidRequestException.badType(param + ".tool_call_id", "a string");
        }
        return message;
    }

    private static @Nullable String content(Map<String, Object> message, String role, String param) {
        return switch (message.get("content")) {
            case null -> {
                if (role.equals("assistant") && message.get("tool_calls") != null) {
                    yield null;
                }
                throw InvalidRequestException.missing(param);
            }
            case String text -> text;
            case List<?> parts -> joined(parts, param);
            default -> throw InvalidRequestException.badType(param, "a string or an array of content parts");
        };
    }

    private static String joined(List<?> parts, String param) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < parts.size(); i++) {
            String at = param + "[" + i + "]";
            if (!(parts.get(i) instanceof Map<?, ?> part)) {
                throw InvalidRequestException.badType(at, "an object");
            }
            if (!"text".equals(part.get("type"))) {
                throw InvalidRequestException.unsupported(
                        "'" + at + ".type' is '" + part.get("type") + "', but this model reads only text.",
                        at + ".type");
            }
            if (!(part.get("text") instanceof String piece)) {
                throw InvalidRequestException.badType(at + ".text", "a string");
            }
            text.append(piece);
        }
        return text.toString();
    }
}
