package dev.contexture.session;

/** The prompt, or prompt and wanted output together, are longer than the model's context. */
public class ContextLengthExceededException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String param;

    private ContextLengthExceededException(String message, String param) {
        super(message);
        this.param = param;
    }

    private ContextLengthExceededException(int contextLength, String request, String param) {
        this(
                "This model's maximum context length is " + contextLength + " tokens. However, your request has "
                        + request + ". Please shorten the messages or the completion.",
                param);
    }

    /**
     * @param maxTokens asked for; 0: none in particular
     * @param param the prompt's field in the caller's terms
     */
    public ContextLengthExceededException(int contextLength, int promptTokens, int maxTokens, String param) {
        this(
                contextLength,
                promptTokens + " prompt tokens" + (maxTokens > 0 ? " and asks for " + maxTokens + " more" : ""),
                param);
    }

    /** A text that was not counted, as it is too long whatever its tokens are. */
    static ContextLengthExceededException atLeast(int contextLength, int promptTokens, String param) {
        return new ContextLengthExceededException(contextLength, "at least " + promptTokens + " prompt tokens", param);
    }

    /** One of the texts to embed. */
    public static ContextLengthExceededException ofInput(int contextLength, int tokens, String param) {
        return new ContextLengthExceededException(
                "This model's maximum context length is " + contextLength + " tokens. However, " + param + " has "
                        + tokens
                        + ". Please shorten or split it; contexture.embedding.too-long=truncate would leave the rest out.",
                param);
    }

    /** The same, said of another field. */
    public ContextLengthExceededException at(String otherParam) {
        return new ContextLengthExceededException(String.valueOf(getMessage()), otherParam);
    }

    public String param() {
        return param;
    }
}
