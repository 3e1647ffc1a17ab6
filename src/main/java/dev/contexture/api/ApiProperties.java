package dev.contexture.api;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Bounds of one request.
 *
 * @param maxBodySize longer bodies are answered with 413
 * @param bodyTimeout from the headers to the last byte of the body; slower ones are answered with 408
 * @param maxChoices most answers of one request: "n", times the number of prompts
 * @param maxStopSequences most stop sequences of one request
 * @param keepAlive how often a comment goes into a stream, so that no proxy takes it for dead
 */
@ConfigurationProperties("contexture.api")
public record ApiProperties(
        @DefaultValue("8MB") DataSize maxBodySize,
        @DefaultValue("30s") Duration bodyTimeout,
        @DefaultValue("16") int maxChoices,
        @DefaultValue("16") int maxStopSequences,
        @DefaultValue("15s") Duration keepAlive) {
    public ApiProperties {
        if (maxBodySize.toBytes() < 1 || maxBodySize.toBytes() > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "contexture.api.max-body-size must be 1 B to 2 GB but is " + maxBodySize);
        }
        if (maxChoices < 1) {
            throw new IllegalArgumentException("contexture.api.max-choices must be at least 1 but is " + maxChoices);
        }
        if (maxStopSequences < 0) {
            throw new IllegalArgumentException(
                    "contexture.api.max-stop-sequences must not be negative but is " + maxStopSequences);
        }
        if (bodyTimeout.isNegative() || bodyTimeout.isZero()) {
            throw new IllegalArgumentException("contexture.api.body-timeout must be positive but is " + bodyTimeout);
        }
        if (keepAlive.isNegative() || keepAlive.isZero()) {
            throw new IllegalArgumentException("contexture.api.keep-alive must be positive but is " + keepAlive);
        }
    }
}
