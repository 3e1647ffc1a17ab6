package dev.contexture.model;

/** A model file that is damaged, incomplete or of a kind that is not supported; the message says which and where. */
public class ModelFormatException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ModelFormatException(String message) {
        super(message);
    }

    public ModelFormatException(String message, Throwable cause) {
        super(message, cause);
    }
}
