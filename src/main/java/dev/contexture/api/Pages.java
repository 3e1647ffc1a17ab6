package dev.contexture.api;

import org.jspecify.annotations.Nullable;
import org.springframework.web.server.ServerWebExchange;

/** Query parameters of lists. */
final class Pages {
    private static final int DEFAULT = 20;
    private static final int LARGEST = 100;

    private Pages() {}

    static @Nullable String parameter(ServerWebExchange exchange, String name) {
        return exchange.getRequest().getQueryParams().getFirst(name);
    }

    /** The last id of the page before; empty for the first page. */
    static String after(ServerWebExchange exchange) {
        String after = parameter(exchange, "after");
        return after == null ? "" : after;
    }

    /**
     * @throws InvalidRequestException if it is not 1 to 100
     */
    static int limit(ServerWebExchange exchange) {
        String text = parameter(exchange, "limit");
        if (text == null) {
            return DEFAULT;
        }
        try {
            int limit = Integer.parseInt(text);
            if (limit >= 1 && limit <= LARGEST) {
                return limit;
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        throw InvalidRequestException.badValue(
                "limit must be a number from 1 to " + LARGEST + " but is '" + text + "'.", "limit");
    }
}
