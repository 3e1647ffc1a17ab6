package dev.contexture.session;

import java.time.Duration;

/** Another turn of the session runs. */
public final class SessionBusyException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Duration retryAfter;

    /**
     * @param retryAfter when the other turn's right to the session ends, if it is not renewed
     */
    public SessionBusyException(String id, Duration retryAfter) {
        super("another turn of session '" + id + "' runs: send this one when that has ended, or set"
                + " contexture.session.wait_ms to wait for it");
        this.retryAfter = retryAfter;
    }

    public Duration retryAfter() {
        return retryAfter;
    }
}
