package dev.contexture.engine;

/**
 * A sequence cannot be held to the format of its output any further, so its next token cannot be drawn. The step left nothing
 * behind; without that sequence it can be run again.
 */
public final class FailedConstraintException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final long sequenceId;

    /**
     * @param sequenceId of the sequence that must end
     */
    public FailedConstraintException(long sequenceId, Throwable cause) {
        super("the output cannot be held to its format any further: " + cause.getMessage(), cause);
        this.sequenceId = sequenceId;
    }

    public long sequenceId() {
        return sequenceId;
    }
}
