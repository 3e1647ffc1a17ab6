package dev.contexture.engine;

/**
 * Keys and values that a step needs cannot be had any more: the sequence is to be computed again. A step that left them out
 * would give another answer, one that depends on how fast a tier is.
 */
public final class LostBlocksException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final long sequenceId;

    /**
     * @param sequenceId of the sequence that lost them
     */
    public LostBlocksException(String message, long sequenceId) {
        super(message);
        this.sequenceId = sequenceId;
    }

    public long sequenceId() {
        return sequenceId;
    }
}
