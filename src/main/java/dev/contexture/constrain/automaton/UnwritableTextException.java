package dev.contexture.constrain.automaton;

/** A text has half a surrogate pair or a character that is not assigned. */
public final class UnwritableTextException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnwritableTextException(String message) {
        super(message);
    }
}
