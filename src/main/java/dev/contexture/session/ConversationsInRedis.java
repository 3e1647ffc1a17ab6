package dev.contexture.session;

import dev.contexture.kv.tier.redis.RedisLink;
import dev.contexture.kv.tier.redis.RedisListener;
import dev.contexture.session.store.RecordFamily;
import dev.contexture.session.store.RedisSessionRecords;
import dev.contexture.session.store.SessionRecords;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.Optional;
import java.util.function.LongSupplier;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * The conversations of a service of another process, in the Redis that both use. What an application deletes here is its text; stored blocks, which only the
 * service can name, go at the end of their time to live ({@code DELETE /v1/sessions/{id}} removes both).
 */
public final class ConversationsInRedis implements AutoCloseable {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(2);
    private static final Duration COMMAND_TIMEOUT = Duration.ofSeconds(2);
    private static final int OWNER_BYTES = 6;
    /** Conversations that may wait to be read or put together, per thread. */
    private static final int TEXT_QUEUE = 32;

    private final RedisLink link;
    private final Conversations conversations;
    private final Scheduler textThreads;

    /**
     * The service's Redis.
     *
     * @param url {@code redis://}, {@code rediss://} (TLS) or {@code redis-sentinel://}, with {@code user:password@}
     * @param cluster whether the URL names a member of a cluster
     * @param caFile PEM certificates that the server's is checked against; empty: those of the JDK
     */
    public record Address(String url, boolean cluster, Optional<Path> caFile) {
        /** Without the URL, which may hold a password. */
        @Override
        public String toString() {
            return "Redis";
        }
    }

    /**
     * @param tenantSecret the service's {@code contexture.security.tenant-secret}, at least {@link TenantNamespaces#LEAST_SECRET_BYTES}
     * @param nanos a monotonic clock
     * @param model that new conversations are for
     * @throws IllegalArgumentException if the URL cannot be read or the secret is too short
     */
    public ConversationsInRedis(
            Address redis,
            byte[] tenantSecret,
            SessionSettings settings,
            Mono<String> model,
            InstantSource clock,
            LongSupplier nanos,
            SecureRandom random) {
        TenantNamespaces namespaces = new TenantNamespaces(tenantSecret);
        SessionSealer sealer = new SessionSealer(tenantSecret, random);
        byte[] owner = new byte[OWNER_BYTES];
        random.nextBytes(owner);
        this.link = new RedisLink(
                new RedisLink.Settings(redis.url, redis.cluster, redis.caFile, CONNECT_TIMEOUT, COMMAND_TIMEOUT));
        this.textThreads = Schedulers.newBoundedElastic(
                Runtime.getRuntime().availableProcessors(), TEXT_QUEUE, "memory", 60, true);
        SessionRecords records =
                new RedisSessionRecords(RecordFamily.SESSION, link, RedisListener.NONE, nanos, clock::millis);
        SessionVault vault = new SessionVault(records, sealer, namespaces, settings.maxRecordBytes(), "ses");
        this.conversations = new Conversations(
                vault,
                new SessionDirectory(vault, new NoStoredKv(tenant -> false)),
                new SessionLeases(records, settings.lease(), HexFormat.of().formatHex(owner), Schedulers.parallel()),
                settings,
                clock,
                random,
                model,
                new TextThreads(textThreads));
    }

    public Conversations conversations() {
        return conversations;
    }

    @Override
    public void close() {
        textThreads.dispose();
        link.close();
    }
}
