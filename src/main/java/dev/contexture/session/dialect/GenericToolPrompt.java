package dev.contexture.session.dialect;

import dev.contexture.model.template.ChatTemplate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes tools, calls and results as plain messages in Hermes' format, for templates that do not know of them. */
final class GenericToolPrompt {
    private static final String INSTRUCTIONS = """
            You can call functions. Their signatures stand between <tools> and </tools>, one JSON object a line:
            <tools>
            %s
            </tools>

            To call a function, write its name and arguments as a JSON object between <tool_call> and </tool_call>:
            <tool_call>
            {"name": "<function>", "arguments": {"<argument>": "<value>"}}
            </tool_call>

            The result is given to you between <tool_response> and </tool_response>. Where no function helps, answer in words.""";

    private GenericToolPrompt() {}

    /**
     * @param systemMessages whether the template takes them; if not, instructions are part of the first message
     */
    static List<Map<String, Object>> messages(
            List<Map<String, Object>> messages, List<Map<String, Object>> tools, boolean systemMessages) {
        List<Map<String, Object>> written = new ArrayList<>();
        for (Map<String, Object> message : messages) {
            if ("tool".equals(message.get("role"))) {
                addResult(written, String.valueOf(message.get("content")));
            } else {
                List<Map<String, Object>> calls = ToolTurns.calls(message);
                written.add(calls.isEmpty() ? message : called(message, calls));
            }
        }
        if (!tools.isEmpty()) {
            instruct(written, tools, systemMessages);
        }
        return written;
    }

    private static void instruct(
            List<Map<String, Object>> messages, List<Map<String, Object>> tools, boolean systemMessages) {
        String text = INSTRUCTIONS.formatted(
                String.join("\n", tools.stream().map(ChatTemplate::json).toList()));
        Map<String, Object> first = messages.isEmpty() ? Map.of() : messages.getFirst();
        boolean system = "system".equals(first.get("role"));
        if (system || !systemMessages && "user".equals(first.get("role"))) {
            String own = String.valueOf(first.get("content"));
            messages.set(0, withContent(first, system ? own + "\n\n" + text : text + "\n\n" + own));
        } else {
            messages.addFirst(Map.of("role", "system", "content", text));
        }
    }

    private static Map<String, Object> withContent(Map<String, Object> message, String content) {
        Map<String, Object> copy = new LinkedHashMap<>(message);
        copy.put("content", content);
        return copy;
    }

    /** Results behind each other are one message, as many templates want roles to take turns. */
    private static void addResult(List<Map<String, Object>> written, String content) {
        String result = "<tool_response>\n" + content + "\n</tool_response>";
        Map<String, Object> last = written.isEmpty() ? Map.of() : written.getLast();
        if ("user".equals(last.get("role")) && last.containsKey("tool_results")) {
            written.set(written.size() - 1, withContent(last, last.get("content") + "\n" + result));
        } else {
            written.add(Map.of("role", "user", "content", result, "tool_results", true));
        }
    }

    private static Map<String, Object> called(Map<String, Object> message, List<Map<String, Object>> calls) {
        StringBuilder text = new StringBuilder(String.valueOf(message.getOrDefault("content", "")));
        for (Map<String, Object> call : calls) {
            Map<String, Object> function = ToolTurns.function(call);
            Map<String, Object> written = new LinkedHashMap<>();
            written.put("name", String.valueOf(function.get("name")));
            written.put("arguments", function.getOrDefault("arguments", Map.of()));
            text.append(text.isEmpty() ? "" : "\n")
                    .append("<tool_call>\n")
                    .append(ChatTemplate.json(written))
                    .append("\n</tool_call>");
        }
        Map<String, Object> copy = withContent(message, text.toString());
        copy.remove("tool_calls");
        return copy;
    }
}
