package dev.contexture.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.contexture.api.EventStream.Named;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.regex.Pattern;
import org.springframework.web.server.ServerWebExchange;

/** Errors of /v1/messages and what is below, as Anthropic's clients read them; statuses are those of the other routes. */
final class MessageErrors {
    private static final String ROUTE = "/v1/messages";

    private MessageErrors() {}

    @Schema(name = "MessageError")
    record Body(
            @JsonProperty("type") String type,
            @JsonProperty("error") Detail error,
            @JsonProperty("request_id") String requestId) {}

    @Schema(name = "MessageErrorDetail")
    record Detail(
            @JsonProperty("type") String type,
            @JsonProperty("message") String message) {}

    /** Whether the request is one whose errors look so. */
    static boolean areFor(ServerWebExchange exchange) {
        String path = exchange.getRequest().getPath().pathWithinApplication().value();
        return path.equals(ROUTE) || path.startsWith(ROUTE + "/");
    }

    static Body of(Problem problem, String requestId) {
        return new Body(
                "error", new Detail(type(problem.status()), text(problem.body().error())), requestId);
    }

    /** There is no place for the field but the text. Anthropic's has no brackets: {@code tools.0.input_schema}. */
    private static String text(ErrorBody.Detail error) {
        String text = error.message();
        String param = error.param();
        if (param == null || names(text, param)) {
            return text;
        }
        String field = param.replace('[', '.').replace("]", "");
        return names(text, field) ? text : field + ": " + text;
    }

    private static boolean names(String text, String field) {
        return Pattern.compile("(?<![\\w.])" + Pattern.quote(field) + "(?!\\w)")
                .matcher(text)
                .find();
    }

    static Named event(Problem problem, String requestId) {
        return new Named("error", of(problem, requestId));
    }

    private static String type(int status) {
        return switch (status) {
            case 401 -> "authentication_error";
            case 403 -> "permission_error";
            case 404 -> "not_found_error";
            case 408 -> "timeout_error";
            case 413 -> "request_too_large";
            case 429 -> "rate_limit_error";
            case 503 -> "overloaded_error";
            default -> status < 500 ? "invalid_request_error" : "api_error";
        };
    }
}
