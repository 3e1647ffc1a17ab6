package dev.contexture.session.store;

import org.jspecify.annotations.Nullable;

/** Session records cannot be reached now; trying again later may help. */
public final class SessionStoreUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public SessionStoreUnavailableException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
