package dev.contexture.security;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * The keys that callers may show. Only their hashes are kept, and all of them are compared each time, so that neither a
 * memory dump nor the time of an answer tells a key.
 */
public final class ApiKeys {
    private static final int TENANT_BYTES = 8;

    private final List<byte[]> hashes;

    public ApiKeys(List<String> keys) {
        this.hashes = keys.stream().map(ApiKeys::hash).toList();
    }

    /** Whether callers need a key at all. */
    public boolean areRequired() {
        return !hashes.isEmpty();
    }

    /** The tenant that a key stands for: a part of its hash, so that the key itself appears nowhere. */
    public Optional<String> tenantOf(String key) {
        byte[] shown = hash(key);
        boolean known = false;
        for (byte[] hash : hashes) {
            known |= MessageDigest.isEqual(hash, shown);
        }
        return known ? Optional.of(tenant(shown)) : Optional.empty();
    }

    /** The tenant that a service which has this key knows it as. */
    public static String tenant(String key) {
        return tenant(hash(key));
    }

    private static String tenant(byte[] hash) {
        return HexFormat.of().formatHex(hash, 0, TENANT_BYTES);
    }

    private static byte[] hash(String key) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
