package dev.contexture.kv.tier;

/**
 * Whom a stored byte is attributed to.
 *
 * @param namespace of the tenant, as in {@link Scope}
 * @param session the session's id, or {@link #PREFIX_CACHE} for what belongs to no session in particular
 */
public record Owner(String namespace, String session) {
    public static final String PREFIX_CACHE = "";

    public boolean isSession() {
        return !session.equals(PREFIX_CACHE);
    }

    public static Owner prefixCache(String namespace) {
        return new Owner(namespace, PREFIX_CACHE);
    }
}
