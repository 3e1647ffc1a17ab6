package dev.contexture.session;

import dev.contexture.session.GenerationEvent.Delta;
import dev.contexture.session.GenerationEvent.Part;
import dev.contexture.session.dialect.AnswerPart;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** One choice while it grows: text, thoughts and calls. Used by one thread at a time. */
public final class SpokenAnswer {
    private static final TypeReference<LinkedHashMap<String, Object>> OBJECT = new TypeReference<>() {};

    private final StringBuilder text = new StringBuilder();
    private final StringBuilder reasoning = new StringBuilder();
    private final List<CallSoFar> calls = new ArrayList<>();

    /**
     * A call.
     *
     * @param arguments as JSON; not whole where the answer was cut off
     */
    public record Call(String id, String name, String arguments) {
        /**
         * As chat templates read it.
         *
         * @throws IllegalArgumentException if the arguments are no JSON object
         */
        public Map<String, Object> toTemplate() {
            Map<String, Object> function = new LinkedHashMap<>();
            function.put("name", name);
            function.put("arguments", arguments.isBlank() ? Map.of() : object());
            Map<String, Object> call = new LinkedHashMap<>();
            call.put("id", id);
            call.put("type", "function");
            call.put("function", function);
            return call;
        }

        private boolean isSound() {
            try {
                return !toTemplate().isEmpty();
            } catch (IllegalArgumentException e) {
                return false; // passed on as it was drawn, before it broke
            }
        }

        private Map<String, Object> object() {
            try {
                Map<String, Object> object = JsonMapper.shared().readValue(arguments, OBJECT);
                if (object != null) {
                    return object;
                }
            } catch (JacksonException e) {
                // What is said below is all that helps.
            }
            throw new IllegalArgumentException("the arguments of the call '" + id + "' are no JSON object");
        }
    }

    /** A call while it grows. */
    private static final class CallSoFar {
        private final String id;
        private final String name;
        private final StringBuilder arguments = new StringBuilder();
        private boolean ended;

        private CallSoFar(String id, String name) {
            this.id = id;
            this.name = name;
        }

        private Call call() {
            return new Call(id, name, arguments.toString());
        }
    }

    public void take(Delta delta) {
        text.append(delta.text());
    }

    public void take(Part event) {
        switch (event.part()) {
            case AnswerPart.Text more -> text.append(more.text());
            case AnswerPart.Thought more -> reasoning.append(more.text());
            case AnswerPart.CallBegin begin -> calls.add(new CallSoFar(begin.id(), begin.name()));
            case AnswerPart.CallArguments more ->
                calls.get(more.index()).arguments.append(more.fragment());
            case AnswerPart.CallEnd end -> calls.get(end.index()).ended = true;
        }
    }

    public String text() {
        return text.toString();
    }

    /** Empty if there is none. */
    public String reasoning() {
        return reasoning.toString();
    }

    public List<Call> calls() {
        return calls.stream().map(CallSoFar::call).toList();
    }

    /** The call, which has ended. */
    public Call call(int index) {
        return calls().get(index);
    }

    boolean isEmpty() {
        return text.isEmpty() && reasoning.isEmpty() && calls.isEmpty();
    }

    /** As chat templates read it; calls that have not ended, or whose arguments are no object, are left out. */
    SessionMessage message() {
        List<Call> sound = calls.stream()
                .filter(call -> call.ended)
                .map(CallSoFar::call)
                .filter(Call::isSound)
                .toList();
        return new SessionMessage(message(text(), reasoning(), sound));
    }

    /**
     * An assistant's message as chat templates read it.
     *
     * @param reasoning empty for none
     * @throws IllegalArgumentException if the arguments of a call are no JSON object
     */
    public static Map<String, Object> message(String text, String reasoning, List<Call> calls) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("role", "assistant");
        fields.put("content", text);
        if (!reasoning.isEmpty()) {
            fields.put("reasoning_content", reasoning);
        }
        if (!calls.isEmpty()) {
            fields.put("tool_calls", calls.stream().map(Call::toTemplate).toList());
        }
        return fields;
    }
}
