package dev.contexture.security;

import java.util.List;
import java.util.Map;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Who may call.
 *
 * @param apiKeys keys that callers send as {@code Authorization: Bearer} or {@code x-api-key}; each is a tenant of its own. Without any, the
 *     service listens on loopback only.
 * @param tenantSecret base64 of at least 32 bytes, the same in all replicas: names under which tenants' sessions and blocks are
 *     stored derive from it. Empty: made once and kept in the data directory
 * @param masterKeys base64 of 32 bytes each, by a number: what leaves the process is sealed under keys that derive from them.
 *     None: one is made once and kept in the data directory
 * @param masterKeyId the one that new values are sealed under; the others still open older ones
 */
@ConfigurationProperties("contexture.security")
public record SecurityProperties(
        @DefaultValue List<String> apiKeys,
        @DefaultValue("") String tenantSecret,
        @DefaultValue Map<Integer, String> masterKeys,
        @DefaultValue("1") int masterKeyId) {
    private static final int LEAST_KEY_CHARS = 8;

    public SecurityProperties {
        apiKeys = List.copyOf(apiKeys);
        masterKeys = Map.copyOf(masterKeys);
        for (int i = 0; i < apiKeys.size(); i++) {
            if (apiKeys.get(i).length() < LEAST_KEY_CHARS
                    || !apiKeys.get(i).equals(apiKeys.get(i).strip())) {
                throw new IllegalArgumentException("contexture.security.api-keys[" + i + "] must have at least "
                        + LEAST_KEY_CHARS + " characters and no spaces around them");
            }
        }
    }
}
