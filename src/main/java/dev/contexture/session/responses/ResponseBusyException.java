package dev.contexture.session.responses;

import java.time.Duration;

/** The response is needed by one that is being made. */
public final class ResponseBusyException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Duration retryAfter;

    private ResponseBusyException(String message, Duration retryAfter) {
        super(message);
        this.retryAfter = retryAfter;
    }

    static ResponseBusyException running(String id) {
        return new ResponseBusyException(
                "the response '" + id + "' is being made: cancel it, then delete it", Duration.ofSeconds(1));
    }

    static ResponseBusyException continued(String id, Duration retryAfter) {
        return new ResponseBusyException(
                "a response that goes on from the conversation of '" + id
                        + "' is being made: delete this one when that has" + " ended",
                retryAfter);
    }

    public Duration retryAfter() {
        return retryAfter;
    }
}
