package dev.contexture.constrain.automaton;

/** An automaton would be larger than it may be, or take longer to make. */
public final class TooLargeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    TooLargeException(String message) {
        super(message);
    }
}
