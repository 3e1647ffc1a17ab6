package dev.contexture.metrics;

/** Why a request was refused before it became a sequence. */
public enum Rejection {
    QUEUE_FULL,
    SHUTTING_DOWN,
    CONTEXT_LENGTH,
    INVALID,
    BODY_TOO_LARGE,
    NOT_AUTHENTICATED,
    /** Another turn of the session runs, or another replica took it over. */
    SESSION_BUSY,
    /** Sessions cannot be reached. */
    SESSION_STORE
}
