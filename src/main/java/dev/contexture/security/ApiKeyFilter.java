package dev.contexture.security;

import java.util.Optional;
import java.util.Set;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/**
 * Asks for a key on every route of both ports, probes excepted: a route that someone adds later is closed until opened here.
 */
@Order(Ordered.HIGHEST_PRECEDENCE + 10)
public final class ApiKeyFilter implements WebFilter {
    private static final String SCHEME = "Bearer ";
    /** Where Anthropic's clients send it. */
    private static final String KEY_HEADER = "x-api-key";

    private static final Set<String> OPEN = Set.of(
            "/health",
            "/livez",
            "/readyz",
            "/startupz",
            "/actuator/health",
            "/actuator/health/liveness",
            "/actuator/health/readiness",
            "/actuator/health/startup");

    private final ApiKeys keys;

    public ApiKeyFilter(ApiKeys keys) {
        this.keys = keys;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
        String path = exchange.getRequest().getPath().pathWithinApplication().value();
        if (!keys.areRequired() || OPEN.contains(path)) {
            return chain.filter(exchange);
        }
        Optional<String> shown = shown(exchange.getRequest().getHeaders());
        if (shown.isEmpty()) {
            return Mono.error(
                    new NotAuthenticatedException(
                            "You did not provide an API key. Send it as a header: Authorization: Bearer KEY, or x-api-key: KEY."));
        }
        Optional<String> tenant = shown.flatMap(keys::tenantOf);
        if (tenant.isEmpty()) {
            return Mono.error(new NotAuthenticatedException("Incorrect API key provided."));
        }
        Tenant.set(exchange, tenant.get());
        return chain.filter(exchange);
    }

    /** Where both headers are there, {@code Authorization} counts, unless it is of another scheme. */
    private static Optional<String> shown(HttpHeaders headers) {
        String header = headers.getFirst(HttpHeaders.AUTHORIZATION);
        if (header != null && header.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            return Optional.of(header.substring(SCHEME.length()).strip());
        }
        return Optional.ofNullable(headers.getFirst(KEY_HEADER)).map(String::strip);
    }
}
