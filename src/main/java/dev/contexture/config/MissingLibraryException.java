package dev.contexture.config;

/** The engine needs libraries that the class path has not; the message names them. */
public class MissingLibraryException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    MissingLibraryException(String message) {
        super(message);
    }
}
