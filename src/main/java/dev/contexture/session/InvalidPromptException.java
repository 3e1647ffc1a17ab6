package dev.contexture.session;

/** The prompt cannot be rendered or tokenised; {@link #param} names the field at fault in the caller's terms. */
public class InvalidPromptException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String param;

    public InvalidPromptException(String message, String param) {
        super(message);
        this.param = param;
    }

    public String param() {
        return param;
    }
}
