package dev.contexture.session;

import dev.contexture.model.template.ChatTemplate;
import dev.contexture.model.template.TemplateException;
import dev.contexture.session.dialect.ChatPrompts;
import dev.contexture.session.dialect.Dialect;
import dev.contexture.session.dialect.WrittenPrompt;

/** The model's chat template; what it refuses is the caller's fault. */
public final class TemplateRenderer implements PromptRenderer {
    private final ChatPrompts prompts;

    /**
     * @param dialect of the template
     */
    public TemplateRenderer(ChatTemplate template, Dialect dialect) {
        this.prompts = new ChatPrompts(template, dialect);
    }

    @Override
    public WrittenPrompt render(Prompt.Chat chat) {
        ChatPrompts.firstUnaskedResult(chat.messages()).ifPresent(at -> {
            throw new InvalidPromptException(
                    "message " + at + " of the conversation (from 0) has the tool_call_id '"
                            + chat.messages().get(at).get("tool_call_id")
                            + "', but no assistant message before it has a call with that id: send that message, too",
                    "messages[" + at + "].tool_call_id");
        });
        try {
            return prompts.write(chat.messages(), chat.tools(), chat.templateArguments());
        } catch (TemplateException.Raised e) {
            throw new InvalidPromptException(
                    "the model's chat template refuses these messages: " + e.getMessage(), "messages");
        } catch (TemplateException e) {
            throw new InvalidPromptException(
                    "the model's chat template cannot render these messages: " + e.getMessage(), "messages");
        }
    }
}
