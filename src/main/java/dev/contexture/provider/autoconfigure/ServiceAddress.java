package dev.contexture.provider.autoconfigure;

import dev.contexture.provider.remote.RemoteContexture;
import dev.contexture.provider.remote.RemoteSettings;
import dev.contexture.provider.remote.RetryPolicy;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/** What both frameworks' properties say of a service. */
record ServiceAddress(
        String prefix,
        String baseUrl,
        String apiKey,
        Duration connectTimeout,
        Duration responseTimeout,
        Duration silenceTimeout,
        int maxRetries) {
    /** Without the key. */
    @Override
    public String toString() {
        return prefix + " " + baseUrl;
    }

    /**
     * @throws IllegalArgumentException names the property at fault
     */
    RemoteContexture open() {
        if (baseUrl.isBlank()) {
            throw new IllegalArgumentException(prefix + ".base-url must be set where " + prefix
                    + ".mode is remote, such as http://localhost:8080/v1");
        }
        RemoteSettings settings;
        try {
            settings = new RemoteSettings(
                    URI.create(baseUrl),
                    apiKey,
                    connectTimeout,
                    responseTimeout,
                    silenceTimeout,
                    new RetryPolicy(maxRetries, RetryPolicy.DEFAULT.firstWait(), RetryPolicy.DEFAULT.longestWait()));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(prefix + ": " + e.getMessage(), e);
        }
        return new RemoteContexture(settings, () -> ThreadLocalRandom.current().nextDouble());
    }
}
