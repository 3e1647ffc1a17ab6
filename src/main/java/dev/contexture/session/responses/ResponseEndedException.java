package dev.contexture.session.responses;

import java.util.Locale;

/** A response that has ended cannot be cancelled. */
public final class ResponseEndedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ResponseEndedException(Response response) {
        super("the response '" + response.id() + "' cannot be cancelled: it is " + name(response.status())
                + " already");
    }

    static String name(ResponseStatus status) {
        return status.name().toLowerCase(Locale.ROOT);
    }
}
