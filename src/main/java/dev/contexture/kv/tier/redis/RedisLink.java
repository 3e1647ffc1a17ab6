package dev.contexture.kv.tier.redis;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.SslOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.ClusterTopologyRefreshOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DefaultClientResources;
import io.lettuce.core.resource.Delay;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection to Redis: a single server, one behind Sentinels, or a cluster. It is opened in the background and tried again
 * until it is there, so nothing waits for Redis at the start; later it reconnects by itself. While it is not there, commands
 * are refused at once. Safe for use by several threads.
 */
public final class RedisLink implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RedisLink.class);
    private static final Duration FIRST_RETRY = Duration.ofMillis(100);
    private static final Duration LONGEST_RETRY = Duration.ofSeconds(5);
    private static final Duration TOPOLOGY_REFRESH = Duration.ofSeconds(30);
    private static final Duration LONGEST_CLOSE = Duration.ofSeconds(3);
    private static final int MOST_QUEUED_COMMANDS = 20_000;

    private final Settings settings;
    private final ClientResources resources;
    private final AbstractRedisClient client;
    private final ScheduledExecutorService retries = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("redis-connect").daemon(true).factory());
    private volatile @Nullable Connected connected;
    private volatile boolean closed;

    /**
     * Where Redis is.
     *
     * @param url {@code redis://}, {@code rediss://} (TLS) or {@code redis-sentinel://}, with user, password and database as
     *     Lettuce reads them
     * @param cluster whether it is a cluster, of which the URL names a member
     * @param caFile certificates (PEM) that the server's is checked against; empty: those of the JDK
     * @param commandTimeout after which a command counts as not answered
     */
    public record Settings(
            String url, boolean cluster, Optional<Path> caFile, Duration connectTimeout, Duration commandTimeout) {}

    private record Connected(
            StatefulConnection<String, ByteBuffer> connection,
            RedisClusterAsyncCommands<String, ByteBuffer> commands) {}

    /**
     * @throws IllegalArgumentException if the URL cannot be read; nothing is said of its password
     */
    public RedisLink(Settings settings) {
        this.settings = settings;
        RedisURI uri = uri(settings);
        this.resources = DefaultClientResources.builder()
                .ioThreadPoolSize(2)
                .computationThreadPoolSize(2)
                .reconnectDelay(Delay.fullJitter(FIRST_RETRY, LONGEST_RETRY, 100, TimeUnit.MILLISECONDS))
                .build();
        this.client = settings.cluster ? clusterClient(uri) : RedisClient.create(resources, uri);
        if (client instanceof RedisClient single) {
            single.setOptions(options(ClientOptions.builder()).build());
        }
        connect(FIRST_RETRY);
    }

    private static RedisURI uri(Settings settings) {
        try {
            RedisURI uri = RedisURI.create(settings.url);
            uri.setTimeout(settings.commandTimeout);
            uri.setClientName("contexture");
            return uri;
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "contexture.redis.url must be redis://host:port, rediss://host:port or"
                            + " redis-sentinel://host:port,…#master, with user:password@ if there is one",
                    e);
        }
    }

    private RedisClusterClient clusterClient(RedisURI uri) {
        RedisClusterClient made = RedisClusterClient.create(resources, uri);
        ClusterTopologyRefreshOptions topology = ClusterTopologyRefreshOptions.builder()
                .enablePeriodicRefresh(TOPOLOGY_REFRESH)
                .enableAllAdaptiveRefreshTriggers()
                .build();
        made.setOptions(
                (ClusterClientOptions) options(ClusterClientOptions.builder().topologyRefreshOptions(topology))
                        .build());
        return made;
    }

    private ClientOptions.Builder options(ClientOptions.Builder options) {
        options.disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
                .requestQueueSize(MOST_QUEUED_COMMANDS)
                .socketOptions(SocketOptions.builder()
                        .connectTimeout(settings.connectTimeout)
                        .keepAlive(true)
                        .build())
                .timeoutOptions(TimeoutOptions.enabled(settings.commandTimeout));
        settings.caFile.ifPresent(file -> options.sslOptions(SslOptions.builder()
                .jdkSslProvider()
                .trustManager(file.toFile())
                .build()));
        return options;
    }

    private void connect(Duration pause) {
        if (closed) {
            return;
        }
        open().whenComplete((made, error) -> {
            if (error == null) {
                connected = made;
                LOG.info("Connected to Redis");
                if (closed) {
                    made.connection.closeAsync();
                }
                return;
            }
            if (pause.equals(FIRST_RETRY)) {
                LOG.warn(
                        "Redis is not there ({}); requests are served without it until it is",
                        cause(error).getMessage());
            }
            Duration next = pause.multipliedBy(2).compareTo(LONGEST_RETRY) < 0 ? pause.multipliedBy(2) : LONGEST_RETRY;
            if (!retries.isShutdown()) {
                retries.schedule(() -> connect(next), pause.toMillis(), TimeUnit.MILLISECONDS);
            }
        });
    }

    private static Throwable cause(Throwable error) {
        Throwable cause = error;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    private CompletableFuture<Connected> open() {
        try {
            if (client instanceof RedisClusterClient cluster) {
                return CompletableFuture.supplyAsync(
                                () -> {
                                    cluster.getPartitions();
                                    return cluster;
                                },
                                retries)
                        .thenCompose(known -> known.connectAsync(ValueCodec.INSTANCE))
                        .thenApply(connection -> new Connected(connection, connection.async()));
            }
            return ((RedisClient) client)
                    .connectAsync(ValueCodec.INSTANCE, uri(settings))
                    .<Connected>thenApply(connection -> new Connected(connection, connection.async()))
                    .toCompletableFuture();
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(new CompletionException(e));
        }
    }

    /** Empty while there is no connection. */
    public Optional<RedisClusterAsyncCommands<String, ByteBuffer>> commands() {
        Connected now = connected;
        return now == null || !now.connection.isOpen() ? Optional.empty() : Optional.of(now.commands);
    }

    /** After which a command counts as not answered. */
    public Duration commandTimeout() {
        return settings.commandTimeout;
    }

    /** Within a few seconds. */
    @Override
    public void close() {
        closed = true;
        retries.shutdownNow();
        try {
            client.shutdownAsync(0, LONGEST_CLOSE.toMillis(), TimeUnit.MILLISECONDS)
                    .get(LONGEST_CLOSE.toMillis(), TimeUnit.MILLISECONDS);
            resources
                    .shutdown(0, LONGEST_CLOSE.toMillis(), TimeUnit.MILLISECONDS)
                    .await(LONGEST_CLOSE.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            LOG.warn("The connection to Redis did not close cleanly: {}", String.valueOf(e.getMessage()));
        }
    }
}
