package dev.contexture.engine;

/** A run of the model failed; the step it belonged to is void. */
public class ModelRunException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ModelRunException(String message) {
        super(message);
    }

    public ModelRunException(String message, Throwable cause) {
        super(message, cause);
    }
}
