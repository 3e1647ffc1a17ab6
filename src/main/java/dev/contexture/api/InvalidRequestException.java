package dev.contexture.api;

import org.jspecify.annotations.Nullable;

/** The caller's request cannot be served as it is; {@link #param} names the field at fault. */
class InvalidRequestException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final @Nullable String param;
    private final String code;

    InvalidRequestException(String message, @Nullable String param, String code) {
        super(message);
        this.param = param;
        this.code = code;
    }

    static InvalidRequestException badValue(String message, String param) {
        return new InvalidRequestException(message, param, "invalid_value");
    }

    static InvalidRequestException badType(String param, String expected) {
        return new InvalidRequestException("'" + param + "' must be " + expected + ".", param, "invalid_type");
    }

    static InvalidRequestException missing(String param) {
        return new InvalidRequestException("'" + param + "' is required.", param, "missing_required_parameter");
    }

    static InvalidRequestException unsupported(String message, String param) {
        return new InvalidRequestException(message, param, "unsupported_parameter");
    }

    @Nullable
    String param() {
        return param;
    }

    String code() {
        return code;
    }
}
