package dev.contexture.session;

/** The prompt, or prompt and wanted output together, are longer than the model's context. */
public class ContextLengthExceededException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String param;

    /**
     * @param param the prompt's field in the caller's terms
     */
    public ContextLengthExceededException(int contextLength, int promptTokens, int maxTokens, String param) {
        super("This model's maximum context length is " + contextLength + " tokens. However, your request has "
                + promptTokens + " prompt tokens" + (maxTokens > 0 ? " and asks for " + maxTokens + " more" : "")
                + ". Please shorten the messages or the completion.");
        this.param = param;
    }

    public String param() {
        return param;
    }
}
