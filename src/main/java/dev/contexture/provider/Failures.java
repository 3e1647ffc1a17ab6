package dev.contexture.provider;

import dev.contexture.provider.ContextureException.Kind;
import dev.contexture.scheduler.QueueFullException;
import dev.contexture.scheduler.ShuttingDownException;
import dev.contexture.session.ContextLengthExceededException;
import dev.contexture.session.InvalidPromptException;
import dev.contexture.session.SessionBusyException;
import dev.contexture.session.SessionNotFoundException;
import dev.contexture.session.SessionTakenOverException;
import dev.contexture.session.store.SessionStoreUnavailableException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What the engine's exceptions are to callers: the kinds are those that the HTTP side's statuses and codes stand for. */
public final class Failures {
    private static final String SESSION = "session_id";

    private Failures() {}

    /** Of an exception of the engine, or of a value that a request's records refuse. */
    public static ContextureException of(Throwable error) {
        return switch (error) {
            case ContextureException already -> already;
            case ContextLengthExceededException tooLong -> at(Kind.CONTEXT_LENGTH, error, tooLong.param());
            case InvalidPromptException invalid -> at(Kind.INVALID_REQUEST, error, invalid.param());
            case IllegalArgumentException invalid -> at(Kind.INVALID_REQUEST, error, field(error));
            case QueueFullException full -> later(Kind.RATE_LIMITED, error, null, full.retryAfter());
            case ShuttingDownException down -> at(Kind.UNAVAILABLE, error, null);
            case SessionNotFoundException unknown -> at(Kind.SESSION_NOT_FOUND, error, SESSION);
            case SessionBusyException busy -> later(Kind.SESSION_BUSY, error, SESSION, busy.retryAfter());
            case SessionTakenOverException lost -> at(Kind.SESSION_BUSY, error, SESSION);
            case SessionStoreUnavailableException away -> at(Kind.UNAVAILABLE, error, null);
            default -> at(Kind.INTERNAL, error, null);
        };
    }

    /** Records name the field first: "top_p must be …". */
    private static @Nullable String field(Throwable error) {
        String message = text(error);
        int end = message.indexOf(' ');
        return end > 0 && message.startsWith(" must ", end) ? message.substring(0, end) : null;
    }

    private static ContextureException at(Kind kind, Throwable error, @Nullable String param) {
        return new ContextureException(kind, text(error), param, null, error);
    }

    private static ContextureException later(Kind kind, Throwable error, @Nullable String param, Duration wait) {
        return new ContextureException(kind, text(error), param, wait, error);
    }

    private static String text(Throwable error) {
        String message = error.getMessage();
        return message == null ? error.getClass().getSimpleName() : message;
    }
}
