package dev.contexture.api;

import dev.contexture.metrics.Rejection;
import dev.contexture.scheduler.QueueFullException;
import dev.contexture.scheduler.ShuttingDownException;
import dev.contexture.security.NotAuthenticatedException;
import dev.contexture.session.ContextLengthExceededException;
import dev.contexture.session.DamagedSessionException;
import dev.contexture.session.InvalidPromptException;
import dev.contexture.session.SessionBusyException;
import dev.contexture.session.SessionNotFoundException;
import dev.contexture.session.SessionTakenOverException;
import dev.contexture.session.responses.PreviousResponseException;
import dev.contexture.session.responses.ResponseBusyException;
import dev.contexture.session.responses.ResponseEndedException;
import dev.contexture.session.responses.ResponseNotFoundException;
import dev.contexture.session.store.SessionStoreUnavailableException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBufferLimitException;
import org.springframework.http.HttpStatusCode;
import org.springframework.web.server.MethodNotAllowedException;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.server.UnsupportedMediaTypeStatusException;

/**
 * What an exception means to the caller. The one place that knows; exceptions that are not listed are our own fault and say
 * nothing of themselves.
 *
 * @param rejection how it is counted, if it is a refusal
 */
record Problem(int status, ErrorBody body, Optional<Duration> retryAfter, Optional<Rejection> rejection) {
    private static final String INVALID = "invalid_request_error";
    private static final String UNAVAILABLE = "service_unavailable_error";
    private static final Duration RETRY_AFTER_SHUTDOWN = Duration.ofSeconds(5);

    private static final Duration RETRY_AFTER_STORE = Duration.ofSeconds(2);

    static Problem of(Throwable e) {
        return switch (e) {
            case InvalidRequestException invalid -> invalid(text(e), invalid.param(), invalid.code());
            case InvalidPromptException invalid -> invalid(text(e), invalid.param(), "invalid_value");
            case ContextLengthExceededException tooLong ->
                refused(
                        400,
                        ErrorBody.of(text(e), INVALID, tooLong.param(), "context_length_exceeded"),
                        Rejection.CONTEXT_LENGTH);
            case UnknownModelException unknown ->
                refused(404, ErrorBody.of(text(e), INVALID, "model", "model_not_found"), Rejection.INVALID);
            case SessionNotFoundException unknown ->
                refused(404, ErrorBody.of(text(e), INVALID, "session_id", "session_not_found"), Rejection.INVALID);
            case SessionBusyException busy ->
                new Problem(
                        409,
                        ErrorBody.of(text(e), INVALID, "session_id", "session_busy"),
                        Optional.of(busy.retryAfter()),
                        Optional.of(Rejection.SESSION_BUSY));
            case SessionTakenOverException lost ->
                refused(
                        409,
                        ErrorBody.of(text(e), INVALID, "session_id", "session_taken_over"),
                        Rejection.SESSION_BUSY);
            case DamagedSessionException damaged ->
                new Problem(
                        500,
                        ErrorBody.of(
                                "The session cannot be read: " + text(e) + ". Delete it and begin a new one.",
                                "server_error",
                                "session_id",
                                "session_damaged"),
                        Optional.empty(),
                        Optional.empty());
            case SessionStoreUnavailableException away ->
                new Problem(
                        503,
                        ErrorBody.of(
                                "Sessions cannot be reached now; requests without a session are served.",
                                UNAVAILABLE,
                                null,
                                "session_store_unavailable"),
                        Optional.of(RETRY_AFTER_STORE),
                        Optional.of(Rejection.SESSION_STORE));
            case ResponseNotFoundException unknown ->
                refused(404, ErrorBody.of(text(e), INVALID, "response_id", "response_not_found"), Rejection.INVALID);
            case PreviousResponseException none -> invalid(text(e), "previous_response_id", none.code());
            case ResponseEndedException ended -> invalid(text(e), "response_id", "response_ended");
            case ResponseBusyException busy ->
                new Problem(
                        409,
                        ErrorBody.of(text(e), INVALID, "response_id", "response_busy"),
                        Optional.of(busy.retryAfter()),
                        Optional.of(Rejection.SESSION_BUSY));
            case NotAuthenticatedException unknown ->
                refused(401, ErrorBody.of(text(e), INVALID, null, "invalid_api_key"), Rejection.NOT_AUTHENTICATED);
            case QueueFullException full ->
                new Problem(
                        429,
                        ErrorBody.of(text(e), "rate_limit_error", null, "server_is_overloaded"),
                        Optional.of(full.retryAfter()),
                        Optional.of(Rejection.QUEUE_FULL));
            case ShuttingDownException down -> shuttingDown();
            case DataBufferLimitException tooLarge ->
                refused(
                        413,
                        ErrorBody.of(
                                "The body is larger than this service accepts (contexture.api.max-body-size).",
                                INVALID,
                                null,
                                "request_too_large"),
                        Rejection.BODY_TOO_LARGE);
            case ResponseStatusException known -> ofStatus(known);
            default -> ourFault();
        };
    }

    static Problem shuttingDown() {
        return new Problem(
                503,
                ErrorBody.of(
                        "The service is shutting down; send the request again, to another replica if there is one.",
                        UNAVAILABLE,
                        null,
                        "shutting_down"),
                Optional.of(RETRY_AFTER_SHUTDOWN),
                Optional.of(Rejection.SHUTTING_DOWN));
    }

    private static Problem ofStatus(ResponseStatusException e) {
        HttpStatusCode status = e.getStatusCode();
        if (!status.is4xxClientError()) {
            return ourFault();
        }
        String message = switch (e) {
            case MethodNotAllowedException method ->
                "The method " + method.getHttpMethod() + " is not allowed here; allowed: "
                        + method.getSupportedMethods() + ".";
            case UnsupportedMediaTypeStatusException type ->
                "The content type must be application/json but is " + type.getContentType() + ".";
            default -> {
                String reason = e.getReason();
                yield status.value() == 404
                        ? "There is nothing at this address; see /v3/api-docs for what there is."
                        : reason == null ? "The request was refused (" + status.value() + ")." : reason;
            }
        };
        return refused(status.value(), ErrorBody.of(message, INVALID, null, null), Rejection.INVALID);
    }

    private static Problem ourFault() {
        return new Problem(
                500,
                ErrorBody.of("The server had an error while processing your request.", "server_error", null, null),
                Optional.empty(),
                Optional.empty());
    }

    private static Problem invalid(String message, @Nullable String param, String code) {
        return refused(400, ErrorBody.of(message, INVALID, param, code), Rejection.INVALID);
    }

    private static Problem refused(int status, ErrorBody body, Rejection rejection) {
        return new Problem(status, body, Optional.empty(), Optional.of(rejection));
    }

    private static String text(Throwable e) {
        String message = e.getMessage();
        return message == null ? e.getClass().getSimpleName() : message;
    }
}
