package dev.contexture.scheduler;

import java.time.Duration;

/** The queue is at its bound; the caller may come back after {@link #retryAfter}. */
public class QueueFullException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Duration retryAfter;

    public QueueFullException(String message, Duration retryAfter) {
        super(message);
        this.retryAfter = retryAfter;
    }

    public Duration retryAfter() {
        return retryAfter;
    }
}
