package dev.contexture.api;

import dev.contexture.session.dialect.ToolChoice;
import dev.contexture.session.dialect.ToolDefinition;
import dev.contexture.session.dialect.ToolUse;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** From a body's tools and choice among them to what session reads. */
final class ToolFields {
    private ToolFields() {}

    /**
     * @throws InvalidRequestException names the field at fault
     */
    static ToolUse read(ChatCompletionRequest request) {
        List<ToolDefinition> tools = tools(request.tools() == null ? List.of() : request.tools());
        ToolChoice choice = choice(request.toolChoice(), tools);
        return new ToolUse(tools, choice, !Boolean.FALSE.equals(request.parallelToolCalls()));
    }

    private static List<ToolDefinition> tools(List<Map<String, Object>> given) {
        if (given.size() > ToolUse.MOST_TOOLS) {
            throw InvalidRequestException.badValue(
                    "'tools' has " + given.size() + " tools; the most allowed is " + ToolUse.MOST_TOOLS + ".", "tools");
        }
        List<ToolDefinition> tools = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (int i = 0; i < given.size(); i++) {
            String param = "tools[" + i + "]";
            ToolDefinition tool = tool(given.get(i), param);
            if (!names.add(tool.name())) {
                throw InvalidRequestException.badValue(
                        "'" + param + ".function.name' is '" + tool.name() + "', which another tool has already.",
                        param + ".function.name");
            }
            tools.add(tool);
        }
        return tools;
    }

    private static ToolDefinition tool(@Nullable Map<String, Object> given, String param) {
        if (given == null) {
            throw InvalidRequestException.badType(param, "an object");
        }
        Object type = given.get("type");
        if (!"function".equals(type)) {
            throw type == null
                    ? InvalidRequestException.missing(param + ".type")
                    : InvalidRequestException.unsupported(
                            "'" + param + ".type' must be 'function' but is '" + type + "'.", param + ".type");
        }
        String at = param + ".function";
        if (!(given.get("function") instanceof Map<?, ?> function)) {
            throw given.get("function") == null
                    ? InvalidRequestException.missing(at)
                    : InvalidRequestException.badType(at, "an object");
        }
        name(function.get("name"), at + ".name");
        requireType(function.get("description"), String.class, at + ".description", "a string");
        requireType(function.get("strict"), Boolean.class, at + ".strict", "true or false");
        requireSchema(function.get("parameters"), at + ".parameters");
        Map<String, Object> read = new LinkedHashMap<>();
        function.forEach((key, value) -> read.put(String.valueOf(key), value));
        read.values().removeIf(Objects::isNull);
        read.remove("strict"); // says how to decode, and nothing to the model
        read.putIfAbsent("parameters", ToolDefinition.noParameters());
        return new ToolDefinition(read);
    }

    private static void name(@Nullable Object given, String param) {
        if (given == null) {
            throw InvalidRequestException.missing(param);
        }
        if (!(given instanceof String name)) {
            throw InvalidRequestException.badType(param, "a string");
        }
        if (!ToolDefinition.isName(name)) {
            throw InvalidRequestException.badValue(
                    "'" + param + "' must be 1 to 64 letters, digits, underscores and dashes but is '" + name + "'.",
                    param);
        }
    }

    private static void requireType(@Nullable Object given, Class<?> type, String param, String words) {
        if (given != null && !type.isInstance(given)) {
            throw InvalidRequestException.badType(param, words);
        }
    }

    private static void requireSchema(@Nullable Object given, String param) {
        requireType(given, Map.class, param, "a JSON schema: an object");
        if (given instanceof Map<?, ?> schema && schema.get("type") != null && !"object".equals(schema.get("type"))) {
            throw InvalidRequestException.badValue(
                    "'" + param + ".type' must be 'object', as arguments have names, but is '" + schema.get("type")
                            + "'.",
                    param + ".type");
        }
        if (given instanceof Map<?, ?> schema) {
            requireType(schema.get("properties"), Map.class, param + ".properties", "an object");
        }
    }

    private static ToolChoice choice(@Nullable Object given, List<ToolDefinition> tools) {
        ToolChoice choice = switch (given) {
            case null -> ToolChoice.AUTO;
            case String word -> choice(word);
            case Map<?, ?> named -> named(named);
            default -> throw InvalidRequestException.badType("tool_choice", "a string or an object");
        };
        if (tools.isEmpty() && !(choice instanceof ToolChoice.Auto) && !(choice instanceof ToolChoice.None)) {
            throw InvalidRequestException.badValue(
                    "'tool_choice' asks for a call, but there are no 'tools'.", "tool_choice");
        }
        if (choice instanceof ToolChoice.Named(String name)
                && tools.stream().noneMatch(tool -> tool.name().equals(name))) {
            throw InvalidRequestException.badValue(
                    "'tool_choice' names the function '" + name + "', which is none of the 'tools'.",
                    "tool_choice.function.name");
        }
        return choice;
    }

    private static ToolChoice choice(String word) {
        return switch (word) {
            case "auto" -> ToolChoice.AUTO;
            case "none" -> ToolChoice.NONE;
            case "required" -> ToolChoice.REQUIRED;
            default ->
                throw InvalidRequestException.badValue(
                        "'tool_choice' must be none, auto, required or an object that names a function, but is '" + word
                                + "'.",
                        "tool_choice");
        };
    }

    private static ToolChoice named(Map<?, ?> given) {
        if (!"function".equals(given.get("type"))) {
            throw InvalidRequestException.badValue(
                    "'tool_choice.type' must be 'function' but is '" + given.get("type") + "'.", "tool_choice.type");
        }
        if (!(given.get("function") instanceof Map<?, ?> function)) {
            throw InvalidRequestException.missing("tool_choice.function");
        }
        if (!(function.get("name") instanceof String name)) {
            throw InvalidRequestException.missing("tool_choice.function.name");
        }
        return new ToolChoice.Named(name);
    }
}
