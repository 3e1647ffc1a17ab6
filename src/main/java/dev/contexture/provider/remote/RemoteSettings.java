package dev.contexture.provider.remote;

import java.net.URI;
import java.time.Duration;
import java.util.Locale;

/**
 * Where a service is and how it is spoken to.
 *
 * @param baseUrl that routes are appended to, such as {@code http://localhost:8080/v1}
 * @param apiKey empty for none; space around it is left out
 * @param connectTimeout of a connection
 * @param responseTimeout of an answer that comes as a whole: vectors, token counts, models
 * @param silenceTimeout of a stream; the service sends comments while it reads a long prompt
 */
public record RemoteSettings(
        URI baseUrl,
        String apiKey,
        Duration connectTimeout,
        Duration responseTimeout,
        Duration silenceTimeout,
        RetryPolicy retries) {
    public static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
    public static final Duration RESPONSE_TIMEOUT = Duration.ofMinutes(5);
    public static final Duration SILENCE_TIMEOUT = Duration.ofSeconds(60);

    public RemoteSettings {
        apiKey = apiKey.strip();
        if (!apiKey.chars().allMatch(c -> c > ' ' && c < 127)) {
            throw new IllegalArgumentException(
                    "api-key must be of visible ASCII characters, as it is sent in a header; it is not shown here");
        }
        String scheme = baseUrl.getScheme();
        if (scheme == null || !scheme.toLowerCase(Locale.ROOT).matches("https?") || baseUrl.getHost() == null) {
            throw new IllegalArgumentException(
                    "base-url must be like http://localhost:8080/v1 but is '" + baseUrl + "'");
        }
        requirePositive("connect-timeout", connectTimeout);
        requirePositive("response-timeout", responseTimeout);
        requirePositive("silence-timeout", silenceTimeout);
    }

    private static void requirePositive(String name, Duration value) {
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException(name + " must be more than 0 but is " + value);
        }
    }

    /** With usual timeouts and retries. */
    public static RemoteSettings of(String baseUrl, String apiKey) {
        return new RemoteSettings(
                URI.create(baseUrl), apiKey, CONNECT_TIMEOUT, RESPONSE_TIMEOUT, SILENCE_TIMEOUT, RetryPolicy.DEFAULT);
    }

    /** The address of a route, which begins with a slash. */
    URI route(String path) {
        String base = baseUrl.toString();
        return URI.create((base.endsWith("/") ? base.substring(0, base.length() - 1) : base) + path);
    }

    /** Without the key. */
    @Override
    public String toString() {
        return "RemoteSettings[" + baseUrl + ", connect " + connectTimeout + ", response " + responseTimeout
                + ", silence " + silenceTimeout + ", " + retries + "]";
    }
}
