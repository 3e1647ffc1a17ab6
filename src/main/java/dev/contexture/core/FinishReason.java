package dev.contexture.core;

/** Why a sequence ended. */
public enum FinishReason {
    /** An end-of-sequence token, a stop token or a stop sequence. */
    STOP,
    /** The token limit of the request or the context length of the model. */
    LENGTH,
    /** As {@link #STOP}, and the answer calls tools; the scheduler knows nothing of that. */
    TOOL_CALLS,
    /** The caller went away or asked to end; the sequence is incomplete. */
    CANCELLED
}
