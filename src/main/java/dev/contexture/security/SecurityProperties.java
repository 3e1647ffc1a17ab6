package dev.contexture.security;

import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Who may call.
 *
 * @param apiKeys keys that callers send as {@code Authorization: Bearer}; each is a tenant of its own. Without any, the
 *     service listens on loopback only.
 */
@ConfigurationProperties("contexture.security")
public record SecurityProperties(@DefaultValue List<String> apiKeys) {
    private static final int LEAST_KEY_CHARS = 8;

    public SecurityProperties {
        apiKeys = List.copyOf(apiKeys);
        for (int i = 0; i < apiKeys.size(); i++) {
            if (apiKeys.get(i).length() < LEAST_KEY_CHARS
                    || !apiKeys.get(i).equals(apiKeys.get(i).strip())) {
                throw new IllegalArgumentException("contexture.security.api-keys[" + i + "] must have at least "
                        + LEAST_KEY_CHARS + " characters and no spaces around them");
            }
        }
    }
}
