package dev.contexture.constrain;

/** What a text may go on with cannot be told, or not in time: this text cannot be held to its format any further. */
public final class MaskFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    MaskFailedException(String message, Throwable cause) {
        super(message, cause);
    }

    MaskFailedException(String message) {
        super(message);
    }
}
