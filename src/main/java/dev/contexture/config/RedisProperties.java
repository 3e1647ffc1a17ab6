package dev.contexture.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Where sessions and stored blocks outlive the process.
 *
 * @param url {@code redis://}, {@code rediss://} (TLS) or {@code redis-sentinel://}, with {@code user:password@}; empty: a Redis of our
 *     own starts
 * @param embedded whether one of our own starts where there is no URL; without any, nothing outlives the process
 * @param cluster whether the URL names a member of a Redis Cluster
 * @param caFile PEM certificates that the server's is checked against; none: those of the JDK
 * @param connectTimeout of one attempt
 * @param commandTimeout after which a command counts as not answered
 * @param kvTimeToLive of stored blocks after their last use
 * @param flushTimeout for writing what is not written yet, at the end of the process
 * @param embeddedMaxBytes memory of a Redis of our own; when it is full, blocks that were not used for long go
 */
@ConfigurationProperties("contexture.redis")
public record RedisProperties(
        @DefaultValue("") String url,
        @DefaultValue("true") boolean embedded,
        @DefaultValue("false") boolean cluster,
        @Nullable Path caFile,
        @DefaultValue("2s") Duration connectTimeout,
        @DefaultValue("500ms") Duration commandTimeout,
        @DefaultValue("7d") Duration kvTimeToLive,
        @DefaultValue("10s") Duration flushTimeout,
        @DefaultValue("2GB") DataSize embeddedMaxBytes) {
    private static final long LEAST_EMBEDDED_BYTES = 32L << 20;

    public RedisProperties {
        requirePositive(connectTimeout, "connect-timeout");
        requirePositive(commandTimeout, "command-timeout");
        requirePositive(kvTimeToLive, "kv-time-to-live");
        if (flushTimeout.isNegative()) {
            throw new IllegalArgumentException(
                    "contexture.redis.flush-timeout must not be negative but is " + flushTimeout);
        }
        if (embeddedMaxBytes.toBytes() < LEAST_EMBEDDED_BYTES) {
            throw new IllegalArgumentException("contexture.redis.embedded-max-bytes must be at least "
                    + DataSize.ofBytes(LEAST_EMBEDDED_BYTES).toMegabytes() + "MB but is " + embeddedMaxBytes);
        }
        if (cluster && url.isEmpty()) {
            throw new IllegalArgumentException(
                    "contexture.redis.cluster is set, but contexture.redis.url names no member of a cluster");
        }
    }

    private static void requirePositive(Duration value, String name) {
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException("contexture.redis." + name + " must be positive but is " + value);
        }
    }

    Optional<Path> certificates() {
        return Optional.ofNullable(caFile);
    }
}
