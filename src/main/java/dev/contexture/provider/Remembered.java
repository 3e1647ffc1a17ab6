package dev.contexture.provider;

import dev.contexture.session.SessionMessage;
import dev.contexture.session.SpokenAnswer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** A message of a conversation as memories of both frameworks tell it. */
public sealed interface Remembered {
    String text();

    record Instruction(String text) implements Remembered {}

    record User(String text) implements Remembered {}

    /**
     * @param thinking empty for none
     */
    record Answer(String text, String thinking, List<SpokenAnswer.Call> calls) implements Remembered {}

    /**
     * What a call came to.
     *
     * @param id of the call
     * @param name of the function; empty where no call before it has this id
     */
    record Result(String text, String id, String name) implements Remembered {}

    /** A role that is not known is a user's. */
    static List<Remembered> of(List<SessionMessage> session) {
        List<Remembered> messages = new ArrayList<>();
        Map<String, String> names = new LinkedHashMap<>();
        for (SessionMessage said : session) {
            Map<String, Object> fields = said.fields();
            String text = text(fields.get("content"));
            messages.add(
                    switch (said.role()) {
                        case "system" -> new Instruction(text);
                        case "assistant" -> {
                            Answer answer = new Answer(
                                    text, string(fields.get("reasoning_content")), calls(fields.get("tool_calls")));
                            answer.calls.forEach(call -> names.put(call.id(), call.name()));
                            yield answer;
                        }
                        case "tool" -> {
                            String id = string(fields.get("tool_call_id"));
                            yield new Result(text, id, names.getOrDefault(id, ""));
                        }
                        default -> new User(text);
                    });
        }
        return messages;
    }

    private static String string(@Nullable Object given) {
        return given instanceof String text ? text : "";
    }

    /** Callers over HTTP may have sent a message in parts. */
    private static String text(@Nullable Object content) {
        return switch (content) {
            case String text -> text;
            case List<?> parts -> {
                StringBuilder text = new StringBuilder();
                for (Object part : parts) {
                    text.append(part instanceof Map<?, ?> fields ? string(fields.get("text")) : "");
                }
                yield text.toString();
            }
            case null -> "";
            default -> content.toString();
        };
    }

    private static List<SpokenAnswer.Call> calls(@Nullable Object given) {
        List<SpokenAnswer.Call> calls = new ArrayList<>();
        if (given instanceof List<?> said) {
            for (Object call : said) {
                if (call instanceof Map<?, ?> of && of.get("function") instanceof Map<?, ?> function) {
                    calls.add(new SpokenAnswer.Call(
                            String.valueOf(of.get("id")),
                            String.valueOf(function.get("name")),
                            json(function.get("arguments"))));
                }
            }
        }
        return calls;
    }

    private static String json(@Nullable Object arguments) {
        return arguments instanceof String written
                ? written
                : JsonMapper.shared().writeValueAsString(arguments);
    }
}
