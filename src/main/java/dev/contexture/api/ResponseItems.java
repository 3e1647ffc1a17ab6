package dev.contexture.api;

import dev.contexture.session.responses.ResponseItem;
import dev.contexture.session.responses.ResponseItem.FunctionCall;
import dev.contexture.session.responses.ResponseItem.FunctionCallOutput;
import dev.contexture.session.responses.ResponseItem.Message;
import dev.contexture.session.responses.ResponseItem.Reasoning;
import dev.contexture.session.responses.ResponseItem.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Input items as they are sent; errors name the field at fault. */
final class ResponseItems {
    private static final int MOST_ITEMS = 10_000;

    private final UnaryOperator<String> ids;

    /**
     * @param ids makes an id of a prefix
     */
    ResponseItems(UnaryOperator<String> ids) {
        this.ids = ids;
    }

    /**
     * @throws InvalidRequestException names the field at fault
     */
    List<ResponseItem> read(@Nullable Object input) {
        return switch (input) {
            case null -> throw InvalidRequestException.missing("input");
            case String text -> {
                if (text.isEmpty()) {
                    throw InvalidRequestException.badValue("'input' must not be empty.", "input");
                }
                yield List.of(new Message(ids.apply("msg_"), Role.USER, List.of(text), true));
            }
            case List<?> items -> items(items);
            default -> throw InvalidRequestException.badType("input", "a string or an array of items");
        };
    }

    private List<ResponseItem> items(List<?> given) {
        if (given.isEmpty()) {
            throw InvalidRequestException.badValue("'input' must have at least one item.", "input");
        }
        if (given.size() > MOST_ITEMS) {
            throw InvalidRequestException.badValue(
                    "'input' has " + given.size() + " items; the most allowed is " + MOST_ITEMS + ".", "input");
        }
        List<ResponseItem> items = new ArrayList<>();
        for (int i = 0; i < given.size(); i++) {
            String at = "input[" + i + "]";
            if (!(given.get(i) instanceof Map<?, ?> item)) {
                throw InvalidRequestException.badType(at, "an object");
            }
            items.add(item(item, at));
        }
        return items;
    }

    private ResponseItem item(Map<?, ?> item, String at) {
        String type = item.get("type") == null ? "message" : Fields.text(item, "type", at);
        return switch (type) {
            case "message" -> message(item, at);
            case "reasoning" -> reasoning(item, at);
            case "function_call" -> call(item, at);
            case "function_call_output" ->
                new FunctionCallOutput(
                        ids.apply("fco_"),
                        Fields.text(item, "call_id", at),
                        String.join("", output(item, at + ".output")));
            default ->
                throw InvalidRequestException.unsupported(
                        "'" + at + ".type' is '" + type
                                + "', but only message, function_call, function_call_output and reasoning are supported.",
                        at + ".type");
        };
    }

    private ResponseItem call(Map<?, ?> item, String at) {
        String arguments = Fields.text(item, "arguments", at);
        ToolCallFields.arguments(arguments, at + ".arguments");
        return new FunctionCall(
                ids.apply("fc_"), Fields.text(item, "call_id", at), Fields.text(item, "name", at), arguments, true);
    }

    /** What is only summed up or encrypted is nothing to this model. */
    private ResponseItem reasoning(Map<?, ?> item, String at) {
        String param = at + ".content";
        List<String> texts = switch (item.get("content")) {
            case null -> List.of();
            case List<?> parts -> parts(parts, Set.of("reasoning_text"), param);
            default -> throw InvalidRequestException.badType(param, "an array of content parts");
        };
        return new Reasoning(ids.apply("rs_"), String.join("", texts), true);
    }

    private static List<String> output(Map<?, ?> item, String at) {
        return switch (item.get("output")) {
            case null -> throw InvalidRequestException.missing(at);
            case String text -> List.of(text);
            case List<?> parts -> parts(parts, Set.of("input_text"), at);
            default -> throw InvalidRequestException.badType(at, "a string or an array of content parts");
        };
    }

    private ResponseItem message(Map<?, ?> item, String at) {
        Role role = role(Fields.text(item, "role", at), at + ".role");
        String param = at + ".content";
        Set<String> types = role == Role.ASSISTANT ? Set.of("output_text", "input_text") : Set.of("input_text");
        List<String> texts = switch (item.get("content")) {
            case null -> throw InvalidRequestException.missing(param);
            case String text -> List.of(text);
            case List<?> parts -> parts(parts, types, param);
            default -> throw InvalidRequestException.badType(param, "a string or an array of content parts");
        };
        return new Message(ids.apply("msg_"), role, texts, true);
    }

    private static Role role(String name, String param) {
        for (Role role : Role.values()) {
            if (role.name().toLowerCase(Locale.ROOT).equals(name)) {
                return role;
            }
        }
        throw InvalidRequestException.badValue(
                "'" + param + "' must be user, assistant, system or developer but is '" + name + "'.", param);
    }

    private static List<String> parts(List<?> parts, Set<String> types, String param) {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            String at = param + "[" + i + "]";
            if (!(parts.get(i) instanceof Map<?, ?> part)) {
                throw InvalidRequestException.badType(at, "an object");
            }
            String type = Fields.text(part, "type", at);
            if (!types.contains(type)) {
                throw InvalidRequestException.unsupported(
                        "'" + at + ".type' is '" + type + "', but this model reads only text, which is "
                                + String.join(" or ", types.stream().sorted().toList()) + " here.",
                        at + ".type");
            }
            texts.add(Fields.text(part, "text", at));
        }
        return texts;
    }
}
