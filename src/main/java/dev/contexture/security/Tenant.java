package dev.contexture.security;

import org.springframework.web.server.ServerWebExchange;

/** Whom a request belongs to. */
public final class Tenant {
    /** Everyone, where no keys are asked for. */
    public static final String LOCAL = "local";

    private static final String ATTRIBUTE = Tenant.class.getName();

    private Tenant() {}

    static void set(ServerWebExchange exchange, String tenant) {
        exchange.getAttributes().put(ATTRIBUTE, tenant);
    }

    public static String of(ServerWebExchange exchange) {
        return exchange.getAttributeOrDefault(ATTRIBUTE, LOCAL);
    }
}
