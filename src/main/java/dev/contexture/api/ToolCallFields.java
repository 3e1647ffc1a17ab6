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
            Map<String, Object> call = call(object(list.get(i), at), at);
            if (!ids.add(String.valueOf(call.get("id")))) {
                throw InvalidRequestException.badValue(
                        "'" + at + ".id' is '" + call.get("id") + "', which another call of the message has.",
                        at + ".id");
            }
            calls.add(call);
        }
        return calls;
    }

    private static Map<?, ?> object(@Nullable Object value, String param) {
        if (value instanceof Map<?, ?> map) {
            return map;
        }
        throw value == null
                ? InvalidRequestException.missing(param)
                : InvalidRequestException.badType(param, "an object");
    }

    private static String text(@Nullable Object value, String param) {
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
        Map<?, ?> givenFunction = object(given.get("function"), param + ".function");
        Map<String, Object> function = new LinkedHashMap<>();
        function.put("name", text(givenFunction.get("name"), param + ".function.name"));
        function.put("arguments", arguments(givenFunction.get("arguments"), param + ".function.arguments"));
        Map<String, Object> call = new LinkedHashMap<>();
        call.put("id", text(given.get("id"), param + ".id"));
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
