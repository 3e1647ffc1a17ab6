package dev.contexture.api;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.web.server.ServerWebExchange;

/** Which session a request is a turn of. */
final class SessionNames {
    private static final String HEADER = "X-Session-Id";

    private SessionNames() {}

    /**
     * @param inBody the field of the body
     * @throws InvalidRequestException if header and body disagree
     */
    static Optional<String> of(ServerWebExchange exchange, @Nullable String inBody) {
        String header = exchange.getRequest().getHeaders().getFirst(HEADER);
        if (header != null && inBody != null && !header.equals(inBody)) {
            throw InvalidRequestException.badValue(
                    "'session_id' and the header " + HEADER + " name different sessions: send one of them.",
                    "session_id");
        }
        return Optional.ofNullable(inBody == null ? header : inBody);
    }
}
