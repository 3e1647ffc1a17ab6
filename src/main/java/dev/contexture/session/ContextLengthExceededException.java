package dev.contexture.session;

/** The prompt, or prompt and wanted output together, are longer than the model's context. */
public class ContextLengthExceededException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ContextLengthExceededException(int contextLength, int promptTokens, int maxTokens) {
        super("This model's maximum context length is " + contextLength + " tokens. However, your request has "
                + promptTokens + " prompt tokens" + (maxTokens > 0 ? " and asks for " + maxTokens + " more" : "")
                + ". Please shorten the messages or the completion.");
    }
}
