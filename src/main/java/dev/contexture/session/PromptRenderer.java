package dev.contexture.session;

import dev.contexture.session.dialect.WrittenPrompt;

/** Turns a conversation into the text that the model reads; the model's chat template in the service. */
@FunctionalInterface
public interface PromptRenderer {
    /**
     * @throws InvalidPromptException if the template refuses the conversation
     */
    WrittenPrompt render(Prompt.Chat chat);
}
