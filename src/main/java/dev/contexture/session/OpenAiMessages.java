package dev.contexture.session;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import tools.jackson.databind.json.JsonMapper;

/** Messages as OpenAI writes them, with a call's arguments as a text, and as chat templates read them, with these as an object. */
public final class OpenAiMessages {
    private static final String FUNCTION = "function";
    private static final String NAME = "name";
    private static final String ARGUMENTS = "arguments";
    private static final String TOOL_CALLS = "tool_calls";

    private OpenAiMessages() {}

    /**
     * @param message as chat templates read it
     * @throws IllegalArgumentException if a call has no function
     */
    public static Map<String, Object> written(Map<String, Object> message) {
        Map<String, Object> copy = new LinkedHashMap<>(message);
        if (message.get(TOOL_CALLS) instanceof List<?> calls) {
            copy.put(TOOL_CALLS, calls.stream().map(OpenAiMessages::written).toList());
        }
        return copy;
    }

    private static Map<Object, Object> written(Object given) {
        Map<?, ?> call = call(given);
        Map<Object, Object> written = new LinkedHashMap<>(call);
        Map<Object, Object> function = new LinkedHashMap<>(function(call));
        function.put(ARGUMENTS, JsonMapper.shared().writeValueAsString(function.get(ARGUMENTS)));
        written.put(FUNCTION, function);
        return written;
    }

    /**
     * @param message as {@link #written} made it; fields without a value are left out
     * @throws IllegalArgumentException if it has no role, or a call is none
     */
    public static SessionMessage read(Map<String, Object> message) {
        Map<String, Object> copy = new LinkedHashMap<>(message);
        copy.values().removeIf(Objects::isNull);
        if (copy.get(TOOL_CALLS) instanceof List<?> calls) {
            List<Map<String, Object>> read = new ArrayList<>();
            calls.forEach(call -> read.add(read(call)));
            copy.put(TOOL_CALLS, read);
        }
        return new SessionMessage(copy);
    }

    private static Map<String, Object> read(Object given) {
        Map<?, ?> call = call(given);
        Map<?, ?> function = function(call);
        return new SpokenAnswer.Call(
                        String.valueOf(call.get("id")),
                        String.valueOf(function.get(NAME)),
                        String.valueOf(function.get(ARGUMENTS)))
                .toTemplate();
    }

    private static Map<?, ?> call(Object given) {
        if (given instanceof Map<?, ?> call) {
            return call;
        }
        throw new IllegalArgumentException("a call in the messages is no object: " + given);
    }

    private static Map<?, ?> function(Map<?, ?> call) {
        if (call.get(FUNCTION) instanceof Map<?, ?> function) {
            return function;
        }
        throw new IllegalArgumentException("a call in the messages has no function: " + call);
    }
}
