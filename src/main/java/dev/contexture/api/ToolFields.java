package dev.contexture.api;

import dev.contexture.session.dialect.ToolChoice;
import dev.contexture.session.dialect.ToolDefinition;
import dev.contexture.session.dialect.ToolUse;
import dev.contexture.session.responses.AskedTools;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** From a body's tools and choice among them to what session reads. */
final class ToolFields {
    private ToolFields() {}

    /** A function, and the name of the field that it lies in. */
    private record Located(Map<?, ?> function, String at) {}

    /**
     * @throws InvalidRequestException names the field at fault
     */
    static ToolUse read(ChatCompletionRequest request) {
        List<ToolDefinition> tools = functions(request.tools(), ToolFields::nested).stream()
                .map(ToolFields::definition)
                .toList();
        ToolChoice choice = choice(request.toolChoice(), tools, ToolFields::nested);
        return new ToolUse(tools, choice, !Boolean.FALSE.equals(request.parallelToolCalls()));
    }

    /**
     * Tools as the model reads them, and as they are told again.
     *
     * @param asked the same
     */
    record OfResponse(ToolUse use, AskedTools asked) {}

    /**
     * Of a response, whose functions lie in the tools and not below.
     *
     * @throws InvalidRequestException names the field at fault
     */
    static OfResponse read(ResponseBody body) {
        List<Located> functions = functions(body.tools(), ToolFields::flat);
        List<ToolDefinition> tools = functions.stream()
                .map(located -> definition(located.function, "name", "description", "parameters"))
                .toList();
        ToolChoice choice = choice(body.toolChoice(), tools, ToolFields::flat);
        boolean parallel = !Boolean.FALSE.equals(body.parallelToolCalls());
        return new OfResponse(
                new ToolUse(tools, choice, parallel),
                new AskedTools(
                        functions.stream()
                                .map(located -> asked(located.function))
                                .toList(),
                        choice,
                        parallel));
    }

    private static AskedTools.Function asked(Map<?, ?> function) {
        return new AskedTools.Function(
                String.valueOf(function.get("name")),
                Optional.ofNullable((String) function.get("description")),
                Optional.ofNullable(function.get("parameters"))
                        .map(schema -> new String(Json.write(schema), StandardCharsets.UTF_8)),
                Optional.ofNullable((Boolean) function.get("strict")));
    }

    private static Located nested(Map<?, ?> given, String param) {
        String at = param + ".function";
        if (!(given.get("function") instanceof Map<?, ?> function)) {
            throw given.get("function") == null
                    ? InvalidRequestException.missing(at)
                    : InvalidRequestException.badType(at, "an object");
        }
        return new Located(function, at);
    }

    private static Located flat(Map<?, ?> given, String param) {
        return new Located(given, param);
    }

    /** Checked, with different names. */
    private static List<Located> functions(
            @Nullable List<Map<String, Object>> given, BiFunction<Map<?, ?>, String, Located> shape) {
        if (given == null) {
            return List.of();
        }
        if (given.size() > ToolUse.MOST_TOOLS) {
            throw InvalidRequestException.badValue(
                    "'tools' has " + given.size() + " tools; the most allowed is " + ToolUse.MOST_TOOLS + ".", "tools");
        }
        List<Located> functions = new ArrayList<>();
        Set<Object> names = new HashSet<>();
        for (int i = 0; i < given.size(); i++) {
            Located located = function(given.get(i), "tools[" + i + "]", shape);
            Object name = located.function.get("name");
            if (!names.add(name)) {
                throw InvalidRequestException.badValue(
                        "'" + located.at + ".name' is '" + name + "', which another tool has already.",
                        located.at + ".name");
            }
            functions.add(located);
        }
        return functions;
    }

    private static Located function(
            @Nullable Map<String, Object> given, String param, BiFunction<Map<?, ?>, String, Located> shape) {
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
        Located located = shape.apply(given, param);
        Map<?, ?> function = located.function;
        name(function.get("name"), located.at + ".name");
        requireType(function.get("description"), String.class, located.at + ".description", "a string");
        requireType(function.get("strict"), Boolean.class, located.at + ".strict", "true or false");
        requireSchema(function.get("parameters"), located.at + ".parameters");
        return located;
    }

    /** All that was given of it, but for what says how to decode, and nothing to the model. */
    private static ToolDefinition definition(Located located) {
        return definition(
                located.function,
                located.function.keySet().stream()
                        .map(String::valueOf)
                        .filter(key -> !key.equals("strict"))
                        .toArray(String[]::new));
    }

    /**
     * @param fields that the model reads, if they are there, in the order given
     */
    private static ToolDefinition definition(Map<?, ?> function, String... fields) {
        Set<String> wanted = Set.of(fields);
        Map<String, Object> read = new LinkedHashMap<>();
        function.forEach((key, value) -> {
            if (wanted.contains(String.valueOf(key))) {
                read.put(String.valueOf(key), value);
            }
        });
        read.values().removeIf(Objects::isNull);
        read.putIfAbsent("parameters", ToolDefinition.noParameters());
        return new ToolDefinition(read);
    }

    static void name(@Nullable Object given, String param) {
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

    static void requireSchema(@Nullable Object given, String param) {
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

    private static ToolChoice choice(
            @Nullable Object given, List<ToolDefinition> tools, BiFunction<Map<?, ?>, String, Located> shape) {
        if (given instanceof Map<?, ?> map) {
            return named(map, tools, shape);
        }
        ToolChoice choice = switch (given) {
            case null -> ToolChoice.AUTO;
            case String word -> choice(word);
            default -> throw InvalidRequestException.badType("tool_choice", "a string or an object");
        };
        if (choice instanceof ToolChoice.Required) {
            requireSome(tools);
        }
        return choice;
    }

    private static void requireSome(List<ToolDefinition> tools) {
        if (tools.isEmpty()) {
            throw InvalidRequestException.badValue(
                    "'tool_choice' asks for a call, but there are no 'tools'.", "tool_choice");
        }
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

    private static ToolChoice named(
            Map<?, ?> given, List<ToolDefinition> tools, BiFunction<Map<?, ?>, String, Located> shape) {
        if (!"function".equals(given.get("type"))) {
            throw InvalidRequestException.badValue(
                    "'tool_choice.type' must be 'function' but is '" + given.get("type") + "'.", "tool_choice.type");
        }
        Located located = shape.apply(given, "tool_choice");
        String at = located.at + ".name";
        if (!(located.function.get("name") instanceof String name)) {
            throw InvalidRequestException.missing(at);
        }
        requireSome(tools);
        if (tools.stream().noneMatch(tool -> tool.name().equals(name))) {
            throw InvalidRequestException.badValue(
                    "'tool_choice' names the function '" + name + "', which is none of the 'tools'.", at);
        }
        return new ToolChoice.Named(name);
    }
}
