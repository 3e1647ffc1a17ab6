package dev.contexture.api;

import dev.contexture.session.InvalidPromptException;
import java.util.List;

/** Names of fields in errors: what is behind the routes speaks of OpenAI's, messages have Anthropic's. */
final class MessageTerms {
    private MessageTerms() {}

    /**
     * @param request that was refused
     */
    static InvalidPromptException of(MessageRequest request, InvalidPromptException e) {
        String text = String.valueOf(e.getMessage());
        return new InvalidPromptException(text, param(request, e.param(), text));
    }

    private static String param(MessageRequest request, String param, String text) {
        if (param.startsWith("messages[")) {
            return "messages"; // counted are the template's: the system's and each result are some of their own
        }
        return switch (param) {
            case "response_format" -> "output_config.format";
            case "response_format.json_schema.schema" -> "output_config.format.schema";
            case "stop" -> "stop_sequences";
            case "tools" -> tool(request, text);
            default -> param;
        };
    }

    /** Places in tools' schemas begin with the tool's name. */
    private static String tool(MessageRequest request, String text) {
        List<MessageRequest.Tool> tools = request.tools() == null ? List.of() : request.tools();
        for (int i = 0; i < tools.size(); i++) {
            if (text.startsWith(tools.get(i).name() + "#")) {
                return "tools[" + i + "].input_schema";
            }
        }
        return "tools";
    }
}
