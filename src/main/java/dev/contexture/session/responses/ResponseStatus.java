package dev.contexture.session.responses;

/** What became of a response. */
public enum ResponseStatus {
    IN_PROGRESS,
    COMPLETED,
    /** The most tokens allowed were made, and the answer was not at its end. */
    INCOMPLETE,
    FAILED,
    CANCELLED;

    /** Whether another may go on from it: what was said is part of a conversation. */
    public boolean goesOn() {
        return this == COMPLETED || this == INCOMPLETE;
    }
}
