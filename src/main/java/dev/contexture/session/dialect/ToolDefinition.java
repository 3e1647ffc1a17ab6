package dev.contexture.session.dialect;

import dev.contexture.model.template.ChatTemplate;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * A function that the model may call.
 *
 * @param function what chat templates read of it: name, description, parameters and what else was given, in the order given
 */
public record ToolDefinition(Map<String, Object> function) {
    private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9_-]{1,64}");
    private static final String PARAMETERS = "parameters";

    public ToolDefinition {
        function = Collections.unmodifiableMap(new LinkedHashMap<>(function));
        if (!(function.get("name") instanceof String name) || !isName(name)) {
            throw new IllegalArgumentException(
                    "a tool's name has 1 to 64 letters, digits, underscores and dashes, but not '"
                            + function.get("name") + "'");
        }
        if (!(function.get(PARAMETERS) instanceof Map<?, ?> schema)) {
            throw new IllegalArgumentException("the parameters of the tool '" + name + "' are no JSON schema");
        }
        if (schema.get("type") != null && !"object".equals(schema.get("type"))) {
            throw new IllegalArgumentException("the parameters of the tool '" + name
                    + "' must be an object's schema, as arguments have names, but their type is " + schema.get("type"));
        }
    }

    /**
     * @param description empty for none
     * @param parameters JSON schema of the arguments, an object's; empty: it takes none
     */
    public static ToolDefinition of(String name, String description, Map<String, Object> parameters) {
        Map<String, Object> function = new LinkedHashMap<>();
        function.put("name", name);
        if (!description.isEmpty()) {
            function.put("description", description);
        }
        function.put(PARAMETERS, parameters.isEmpty() ? noParameters() : parameters);
        return new ToolDefinition(function);
    }

    /** The schema of a function that takes no arguments. */
    public static Map<String, Object> noParameters() {
        Map<String, Object> schema = new LinkedHashMap<>();
        schema.put("type", "object");
        schema.put("properties", Map.of());
        return schema;
    }

    public static boolean isName(String text) {
        return NAME.matcher(text).matches();
    }

    public String name() {
        return (String) function.getOrDefault("name", "");
    }

    /** What arguments of a call that is held to the schema are: a JSON schema. */
    String argumentSchema() {
        return ChatTemplate.json(ArgumentSchema.of((Map<?, ?>) function.getOrDefault(PARAMETERS, Map.of())));
    }

    /** As OpenAI writes it, which is what chat templates read. */
    Map<String, Object> toTemplate() {
        Map<String, Object> tool = new LinkedHashMap<>();
        tool.put("type", "function");
        tool.put("function", function);
        return tool;
    }
}
