package dev.contexture.split;

/** A delimiter table that is not what it should be; the message names the table and what is wrong. */
public class DelimiterFormatException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    DelimiterFormatException(String message) {
        super(message);
    }

    DelimiterFormatException(String message, Throwable cause) {
        super(message, cause);
    }
}
