package dev.contexture.session;

import dev.contexture.model.template.ChatTemplate;
import dev.contexture.model.template.TemplateException;

/** The model's chat template; what it refuses is the caller's fault. */
public final class TemplateRenderer implements PromptRenderer {
    private final ChatTemplate template;

    public TemplateRenderer(ChatTemplate template) {
        this.template = template;
    }

    @Override
    public String render(Prompt.Chat chat) {
        try {
            return template.render(chat.messages(), chat.tools(), true, chat.templateArguments());
        } catch (TemplateException.Raised e) {
            throw new InvalidPromptException(
                    "the model's chat template refuses these messages: " + e.getMessage(), "messages");
        } catch (TemplateException e) {
            throw new InvalidPromptException(
                    "the model's chat template cannot render these messages: " + e.getMessage(), "messages");
        }
    }
}
