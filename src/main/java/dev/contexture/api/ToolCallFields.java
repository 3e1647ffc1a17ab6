package dev.contexture.api;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** The calls of an earlier answer that a client sends back. */
final class ToolCallFields {
    private static final TypeReference<LinkedHashMap<String, Object>> OBJECT = new TypeReference<>() {};

    private ToolCallFields() {}

    /**
     * @return calls as OpenAI writes them, but with arguments that are maps; empty for none
     * @throws InvalidRequestException names the field at fault
     */
    static List<Map<String, Object>> read(@Nullable Object given, String param) {
        if (given == null) {
            return List.of();
        }
        if (!(given instanceof List<?> list)) {
            throw InvalidRequestException.badType(param, "an array");
        }
        List<Map<String, Object>> calls = new ArrayList<>();
        Set<String> ids = new HashSet<>();
        for (int i = 0; i < list.size(); i++) {
            String at = param + "[" + i + "]";
            Map<String, Object> call = call(Fields.object(list.get(i), at), at);
            requireNew(String.valueOf(call.get("id")), ids, at);
            calls.add(call);
        }
        return calls;
    }

    /**
     * @param ids of the message's calls so far; has this one then, too
     * @throws InvalidRequestException if it is one of them
     */
    static void requireNew(String id, Set<String> ids, String at) {
        if (!ids.add(id)) {
            throw InvalidRequestException.badValue(
                    "'" + at + ".id' is '" + id + "', which another call of the message has.", at + ".id");
        }
    }

    static String text(@Nullable Object value, String param) {
        if (value instanceof String text && !text.isBlank()) {
            return text;
        }
        throw value == null
                ? InvalidRequestException.missing(param)
                : InvalidRequestException.badType(param, "a string that is not empty");
    }

    private static Map<String, Object> call(Map<?, ?> given, String param) {
        Object type = given.get("type");
        if (type != null && !type.equals("function")) {
            throw InvalidRequestException.unsupported(
                    "'" + param + ".type' must be 'function' but is '" + type + "'.", param + ".type");
        }
        Map<?, ?> givenFunction = Fields.object(given.get("function"), param + ".function");
        return templateCall(
                text(given.get("id"), param + ".id"),
                text(givenFunction.get("name"), param + ".function.name"),
                arguments(givenFunction.get("arguments"), param + ".function.arguments"));
    }

    /** As chat templates read it. */
    static Map<String, Object> templateCall(String id, String name, Map<?, ?> arguments) {
        Map<String, Object> function = new LinkedHashMap<>();
        function.put("name", name);
        function.put("arguments", arguments);
        Map<String, Object> call = new LinkedHashMap<>();
        call.put("id", id);
        call.put("type", "function");
        call.put("function", function);
        return call;
    }

    /**
     * Chat templates want the object, not its text. Clients write nothing where a function takes nothing.
     *
     * @throws InvalidRequestException if it is none
     */
    static Map<String, Object> arguments(@Nullable Object given, String param) {
        if (given == null || given instanceof String text && text.isBlank()) {
            return new LinkedHashMap<>();
        }
        if (!(given instanceof String json)) {
            throw InvalidRequestException.badType(param, "a string with a JSON object");
        }
        try {
            Map<String, Object> arguments = JsonMapper.shared().readValue(json, OBJECT);
            if (arguments != null) {
                return arguments;
            }
        } catch (JacksonException e) {
            // The error below says all that helps.
        }
        throw InvalidRequestException.badValue(
                "'" + param + "' must be a JSON object as a string: leave a call out whose arguments were cut off.",
                param);
    }
}
