package dev.contexture.session.dialect;

/** What became of something that began like a call. */
public enum CallOutcome {
    /** A call. */
    COMPLETE,
    /** No JSON, or not of a call's shape: text. */
    MALFORMED,
    /** A call of a tool that the request has not: text. */
    UNKNOWN_TOOL,
    /** The answer ended in it: text. */
    INCOMPLETE
}
