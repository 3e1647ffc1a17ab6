package dev.contexture.provider;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Why there is no answer, the same for the engine of this process and a service over HTTP. */
public final class ContextureException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Kind kind;
    private final @Nullable String param;
    private final @Nullable Duration retryAfter;

    /** What a caller can do about it differs by this. */
    public enum Kind {
        /** The request asks for what cannot be; it will never be answered as it is. */
        INVALID_REQUEST,
        /** The prompt, or prompt and wanted output together, are longer than the model's context. */
        CONTEXT_LENGTH,
        MODEL_NOT_FOUND,
        SESSION_NOT_FOUND,
        /** Another turn of the session runs, or took it over. */
        SESSION_BUSY,
        /** The key is missing, unknown, or does not allow it. */
        AUTHENTICATION,
        /** More requests than are taken now. */
        RATE_LIMITED,
        /** The service shuts down, or lacks something that it will have again. */
        UNAVAILABLE,
        TIMEOUT,
        /** No connection was made: the service has heard nothing. */
        UNREACHABLE,
        /** The connection broke: the service may have worked. */
        DISCONNECTED,
        /** A fault that is not the caller's. */
        INTERNAL
    }

    /**
     * @param param the field at fault, in the words of the HTTP side; null if it is none in particular
     * @param retryAfter when the service would be asked again; null if it did not say
     */
    public ContextureException(
            Kind kind,
            String message,
            @Nullable String param,
            @Nullable Duration retryAfter,
            @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
        this.param = param;
        this.retryAfter = retryAfter;
    }

    public ContextureException(Kind kind, String message) {
        this(kind, message, null, null, null);
    }

    public ContextureException(Kind kind, String message, Throwable cause) {
        this(kind, message, null, null, cause);
    }

    public Kind kind() {
        return kind;
    }

    public Optional<String> param() {
        return Optional.ofNullable(param);
    }

    public Optional<Duration> retryAfter() {
        return Optional.ofNullable(retryAfter);
    }
}
