package dev.contexture.api;

import dev.contexture.session.dialect.ToolChoice;
import dev.contexture.session.dialect.ToolDefinition;
import dev.contexture.session.dialect.ToolUse;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** From the tools of a message and the choice among them to what session reads. */
final class MessageTools {
    private MessageTools() {}

    /**
     * @throws InvalidRequestException names the field at fault
     */
    static ToolUse read(@Nullable List<MessageRequest.Tool> given, MessageRequest.@Nullable Choice choice) {
        List<ToolDefinition> tools = new ArrayList<>();
        for (MessageRequest.Tool tool : given == null ? List.<MessageRequest.Tool>of() : given) {
            tools.add(definition(tool, "tools[" + tools.size() + "]"));
        }
        try {
            return new ToolUse(tools, choice(choice), choice == null || !isSingle(choice));
        } catch (IllegalArgumentException e) {
            throw SamplingReader.outOfRange(e);
        }
    }

    private static boolean isSingle(MessageRequest.Choice choice) {
        return Boolean.TRUE.equals(choice.disableParallelToolUse());
    }

    private static ToolDefinition definition(MessageRequest.@Nullable Tool tool, String at) {
        if (tool == null) {
            throw InvalidRequestException.badType(at, "an object");
        }
        if (tool.type() != null && !tool.type().equals("custom")) {
            throw InvalidRequestException.unsupported(
                    "'" + at + ".type' is '" + tool.type()
                            + "', a tool that Anthropic defines: only tools with an 'input_schema' of their own are supported.",
                    at + ".type");
        }
        ToolFields.name(tool.name(), at + ".name");
        if (tool.inputSchema() == null) {
            throw InvalidRequestException.missing(at + ".input_schema");
        }
        ToolFields.requireSchema(tool.inputSchema(), at + ".input_schema");
        return ToolDefinition.of(
                String.valueOf(tool.name()), tool.description() == null ? "" : tool.description(), tool.inputSchema());
    }

    private static ToolChoice choice(MessageRequest.@Nullable Choice given) {
        if (given == null) {
            return ToolChoice.AUTO;
        }
        return switch (given.type()) {
            case null -> throw InvalidRequestException.missing("tool_choice.type");
            case "auto" -> ToolChoice.AUTO;
            case "any" -> ToolChoice.REQUIRED;
            case "none" -> ToolChoice.NONE;
            case "tool" -> {
                if (given.name() == null) {
                    throw InvalidRequestException.missing("tool_choice.name");
                }
                yield new ToolChoice.Named(given.name());
            }
            default ->
                throw InvalidRequestException.badValue(
                        "'tool_choice.type' must be auto, any, tool or none but is '" + given.type() + "'.",
                        "tool_choice.type");
        };
    }
}
