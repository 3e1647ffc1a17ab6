package dev.contexture.api;

import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/** Gives every response an {@code x-request-id}: the caller's own if it is harmless, else a fresh one. */
@Order(Ordered.HIGHEST_PRECEDENCE)
public final class RequestIdFilter implements WebFilter {
    private static final String HEADER = "x-request-id";
    /** Where Anthropic's clients read it. */
    private static final String MESSAGES_HEADER = "request-id";

    private static final Pattern HARMLESS = Pattern.compile("[A-Za-z0-9._:-]{1,128}");

    private final Supplier<String> ids;

    public RequestIdFilter(Supplier<String> ids) {
        this.ids = ids;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
        String given = exchange.getRequest().getHeaders().getFirst(HEADER);
        String id = given != null && HARMLESS.matcher(given).matches() ? given : "req-" + ids.get();
        exchange.getResponse().getHeaders().set(HEADER, id);
        if (MessageErrors.areFor(exchange)) {
            exchange.getResponse().getHeaders().set(MESSAGES_HEADER, id);
        }
        return chain.filter(exchange);
    }

    static String idOf(ServerWebExchange exchange) {
        String id = exchange.getResponse().getHeaders().getFirst(HEADER);
        return id == null ? "unknown" : id;
    }
}
