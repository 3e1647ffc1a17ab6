package dev.contexture.provider.remote;

import dev.contexture.provider.ContextureException;
import dev.contexture.provider.ContextureException.Kind;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** From errors of the wire to the kinds that the engine of this process would have failed with. */
final class RemoteFailures {
    private static final int MOST_QUOTED = 200;

    private RemoteFailures() {}

    /**
     * Of an answer that is none.
     *
     * @param body an error object as OpenAI writes it; anything else comes from something in between
     */
    static ContextureException ofStatus(URI address, int status, String body, @Nullable Duration retryAfter) {
        JsonNode error = error(body);
        String code = text(error, "code");
        String message = text(error, "message");
        Kind kind = ofStatus(status, code == null ? "" : code);
        return new ContextureException(
                kind,
                message == null ? foreign(address, status, body) : message,
                text(error, "param"),
                retryAfter,
                null);
    }

    private static String foreign(URI address, int status, String body) {
        String said = body.strip();
        return address + " answered " + status + " without an error object: is base-url right? It begins with '"
                + (said.length() > MOST_QUOTED ? said.substring(0, MOST_QUOTED) : said) + "'";
    }

    private static Kind ofStatus(int status, String code) {
        return switch (status) {
            case 401, 403 -> Kind.AUTHENTICATION;
            case 404 ->
                switch (code) {
                    case "model_not_found" -> Kind.MODEL_NOT_FOUND;
                    case "session_not_found" -> Kind.SESSION_NOT_FOUND;
                    default -> Kind.INVALID_REQUEST;
                };
            case 408, 504 -> Kind.TIMEOUT;
            case 409 -> Kind.SESSION_BUSY;
            case 429 -> Kind.RATE_LIMITED;
            case 502 -> Kind.DISCONNECTED; // a gateway's word for a connection that broke behind it
            case 503 -> Kind.UNAVAILABLE;
            default ->
                code.equals("context_length_exceeded")
                        ? Kind.CONTEXT_LENGTH
                        : status < 500 ? Kind.INVALID_REQUEST : Kind.INTERNAL;
        };
    }

    /** Of an error that came as an event, when the status had been sent. */
    static ContextureException ofEvent(JsonNode error) {
        String code = text(error, "code");
        String message = text(error, "message");
        return new ContextureException(
                ofEvent(code == null ? "" : code, String.valueOf(text(error, "type"))),
                message == null ? "the service ended the stream with an error" : message,
                text(error, "param"),
                null,
                null);
    }

    private static Kind ofEvent(String code, String type) {
        return switch (code) {
            case "context_length_exceeded" -> Kind.CONTEXT_LENGTH;
            case "model_not_found" -> Kind.MODEL_NOT_FOUND;
            case "session_not_found" -> Kind.SESSION_NOT_FOUND;
            case "session_busy", "session_taken_over" -> Kind.SESSION_BUSY;
            default ->
                switch (type) {
                    case "rate_limit_error" -> Kind.RATE_LIMITED;
                    case "service_unavailable_error" -> Kind.UNAVAILABLE;
                    case "invalid_request_error" -> Kind.INVALID_REQUEST;
                    default -> Kind.INTERNAL;
                };
        };
    }

    /** Of a connection. */
    static ContextureException ofTransport(URI address, Throwable error) {
        Throwable cause =
                error instanceof CompletionException wrapped && wrapped.getCause() != null ? wrapped.getCause() : error;
        return switch (cause) {
            case ContextureException already -> already;
            case ConnectException refused -> unreachable(address, cause);
            case HttpConnectTimeoutException late -> unreachable(address, cause);
            case HttpTimeoutException late -> late(address, cause);
            case TimeoutException late -> late(address, cause);
            case IOException broken ->
                new ContextureException(
                        Kind.DISCONNECTED, "the connection to " + address + " broke: " + broken.getMessage(), cause);
            case JacksonException unreadable -> unreadable(address, cause);
            default -> new ContextureException(Kind.INTERNAL, String.valueOf(cause.getMessage()), cause);
        };
    }

    private static ContextureException unreachable(URI address, Throwable cause) {
        return new ContextureException(
                Kind.UNREACHABLE,
                "nothing answers at " + address + ": is the service started, and base-url right?",
                cause);
    }

    private static ContextureException late(URI address, Throwable cause) {
        return new ContextureException(
                Kind.TIMEOUT,
                "nothing came from " + address + " in time: see response-timeout and silence-timeout",
                cause);
    }

    static ContextureException unreadable(URI address, @Nullable Throwable cause) {
        return new ContextureException(
                Kind.INTERNAL,
                "what " + address + " answered is not as Contexture answers: is base-url right?",
                null,
                null,
                cause);
    }

    private static JsonNode error(String body) {
        JsonMapper mapper = JsonMapper.shared();
        try {
            return mapper.readTree(body).path("error");
        } catch (JacksonException e) {
            return mapper.missingNode();
        }
    }

    private static @Nullable String text(JsonNode error, String field) {
        JsonNode value = error.path(field);
        return value.isString() ? value.stringValue() : null;
    }
}
