package dev.contexture.model.store;

/** The model is not here and could not be fetched; the message says what was tried and what to do. */
public class ModelUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ModelUnavailableException(String message) {
        super(message);
    }

    public ModelUnavailableException(String message, Throwable cause) {
        super(message, cause);
    }
}
