package dev.contexture.constrain.automaton;

/** A pattern is none, or has what no automaton can decide. */
public final class RegexSyntaxException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    RegexSyntaxException(String message) {
        super(message);
    }
}
