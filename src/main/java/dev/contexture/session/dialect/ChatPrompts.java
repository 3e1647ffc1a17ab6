package dev.contexture.session.dialect;

import dev.contexture.model.template.ChatTemplate;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** Writes conversations, with tools or without, by a model's template. Safe for use by several threads. */
public final class ChatPrompts {
    private final ChatTemplate template;
    private final Dialect dialect;

    public ChatPrompts(ChatTemplate template, Dialect dialect) {
        this.template = template;
        this.dialect = dialect;
    }

    /**
     * The message that is a result without a call, if any.
     *
     * @param messages as in {@link #write}
     */
    public static OptionalInt firstUnaskedResult(List<Map<String, Object>> messages) {
        return ToolTurns.firstUnasked(messages);
    }

    /**
     * @param messages role, content, perhaps {@code tool_calls} with arguments that are maps
     * @throws dev.contexture.model.template.TemplateException if the template refuses them
     */
    public WrittenPrompt write(
            List<Map<String, Object>> messages, ToolUse tools, Map<String, Object> templateArguments) {
        List<Map<String, Object>> definitions = tools.toTemplate();
        boolean generic = dialect.tools() == Dialect.ToolPrompt.GENERIC;
        String text;
        if (!tools.isOn() && !ToolTurns.areIn(messages)) {
            text = template.render(messages, List.of(), true, templateArguments);
        } else if (generic) {
            text = template.render(
                    GenericToolPrompt.messages(messages, definitions, dialect.systemMessages()),
                    List.of(),
                    true,
                    templateArguments);
        } else {
            text = template.render(ToolTurns.shaped(messages, dialect), definitions, true, templateArguments);
        }
        return written(text, tools);
    }

    private WrittenPrompt written(String text, ToolUse tools) {
        boolean thinking =
                dialect.thoughts().filter(tags -> tags.isOpenAtEnd(text)).isPresent();
        return new WrittenPrompt(
                text, new AnswerForm(tools, dialect.format(), dialect.delivery(), dialect.thoughts(), thinking));
    }
}
