package dev.contexture.scheduler;

/** Why a sequence was ended from outside; counted by cause. */
public enum CancelCause {
    CLIENT_DISCONNECTED,
    CLIENT_ASKED,
    TIMEOUT,
    SHUTDOWN
}
