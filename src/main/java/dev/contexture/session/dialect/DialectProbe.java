package dev.contexture.session.dialect;

import dev.contexture.model.template.ChatTemplate;
import dev.contexture.model.template.TemplateException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Finds out how a chat template speaks of tools, by letting it write small conversations and looking for what must be in them:
 * templates agree on nothing else. What it calls its formats is read from its text.
 */
public final class DialectProbe {
    private static final String NAME = "probe_name";
    private static final String KEY = "probe_key";
    private static final String RESULT = "probe result";
    private static final String SYSTEM = "probe system";
    private static final String ID = "probe0001";

    private final ChatTemplate template;

    private DialectProbe(ChatTemplate template) {
        this.template = template;
    }

    public static Dialect of(ChatTemplate template, DialectSettings settings) {
        return new DialectProbe(template).dialect(settings);
    }

    private Dialect dialect(DialectSettings settings) {
        String source = template.source();
        Optional<ThinkTags> thoughts = switch (settings.thoughts()) {
            case DialectSettings.Thoughts.ByTemplate byTemplate -> ThinkTags.in(source);
            case DialectSettings.Thoughts.None none -> Optional.empty();
            case DialectSettings.Thoughts.Given given -> Optional.of(given.tags());
        };
        boolean systemMessages = has(List.of(message("system", SYSTEM), message("user", "x")), List.of(), SYSTEM);
        Optional<Dialect.CallArguments> arguments = writesTools() ? arguments() : Optional.empty();
        if (arguments.isEmpty()) {
            return new Dialect(
                    settings.format().orElse(CallFormat.HERMES),
                    Dialect.ToolPrompt.GENERIC,
                    Dialect.CallArguments.OBJECT,
                    true,
                    systemMessages,
                    settings.delivery(),
                    thoughts);
        }
        return new Dialect(
                settings.format().orElseGet(() -> format(source)),
                Dialect.ToolPrompt.TEMPLATE,
                arguments.get(),
                has(conversation(arguments.get(), 2), tools(), RESULT),
                systemMessages,
                settings.delivery(),
                thoughts);
    }

    private static CallFormat format(String source) {
        if (source.contains(MistralCalls.MARKER)) {
            return CallFormat.MISTRAL;
        }
        if (source.contains(HermesCalls.OPEN)) {
            return CallFormat.HERMES;
        }
        return source.contains("ipython") || source.contains(LlamaCalls.TAG) ? CallFormat.LLAMA : CallFormat.HERMES;
    }

    private boolean writesTools() {
        return has(List.of(message("user", "x")), tools(), NAME);
    }

    /** Empty if the template cannot write a call with its result. */
    private Optional<Dialect.CallArguments> arguments() {
        for (Dialect.CallArguments how : Dialect.CallArguments.values()) {
            String text = render(conversation(how, 1), tools());
            int call = text.lastIndexOf(KEY); // the first is in the tool's schema
            boolean asJson = call > 0 && text.charAt(call - 1) == '"' && text.charAt(call - 2) != '\\';
            if (asJson && text.indexOf("probe value") > 0 && text.contains(RESULT)) {
                return Optional.of(how);
            }
        }
        return Optional.empty();
    }

    private static List<Map<String, Object>> tools() {
        Map<String, Object> schema = new LinkedHashMap<>();
        schema.put("type", "object");
        schema.put("properties", Map.of(KEY, Map.of("type", "string")));
        return List.of(ToolDefinition.of(NAME, "probe", schema).toTemplate());
    }

    private static List<Map<String, Object>> conversation(Dialect.CallArguments how, int calls) {
        Object arguments = how == Dialect.CallArguments.OBJECT
                ? Map.of(KEY, "probe value")
                : ChatTemplate.json(Map.of(KEY, "probe value"));
        Map<String, Object> call =
                Map.of("id", ID, "type", "function", "function", Map.of("name", NAME, "arguments", arguments));
        Map<String, Object> assistant =
                Map.of("role", "assistant", "content", "", "tool_calls", java.util.Collections.nCopies(calls, call));
        Map<String, Object> result = Map.of("role", "tool", "tool_call_id", ID, "name", NAME, "content", RESULT);
        return java.util.stream.Stream.concat(
                        java.util.stream.Stream.of(message("user", "x"), assistant),
                        java.util.Collections.nCopies(calls, result).stream())
                .toList();
    }

    private static Map<String, Object> message(String role, String content) {
        return Map.of("role", role, "content", content);
    }

    private boolean has(List<Map<String, Object>> messages, List<Map<String, Object>> tools, String text) {
        return render(messages, tools).contains(text);
    }

    /** Empty where the template refuses. */
    private String render(List<Map<String, Object>> messages, List<Map<String, Object>> tools) {
        try {
            return template.render(messages, tools, true, Map.of());
        } catch (TemplateException e) {
            return "";
        }
    }
}
