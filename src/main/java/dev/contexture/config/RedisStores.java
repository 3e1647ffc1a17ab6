package dev.contexture.config;

import dev.contexture.kv.tier.RemoteTier;
import dev.contexture.kv.tier.TenantSalts;
import dev.contexture.kv.tier.redis.CircuitBreaker;
import dev.contexture.kv.tier.redis.RedisLink;
import dev.contexture.kv.tier.redis.RedisListener;
import dev.contexture.kv.tier.redis.RedisTenantSalts;
import dev.contexture.kv.tier.redis.RedisTier;
import dev.contexture.session.store.RecordFamily;
import dev.contexture.session.store.RedisSessionRecords;
import dev.contexture.session.store.RedisTenantLedger;
import dev.contexture.session.store.SessionRecords;
import dev.contexture.session.store.TenantLedger;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** In Redis: the one that is named, or one of our own. */
final class RedisStores implements Stores {
    private static final Logger LOG = LoggerFactory.getLogger(RedisStores.class);
    private static final CircuitBreaker.Settings BREAKER =
            new CircuitBreaker.Settings(5, Duration.ofMillis(500), Duration.ofSeconds(30));

    private final @Nullable EmbeddedRedis embedded;
    private final List<RedisLink> links;

    private final RemoteTier remote;
    private final TenantSalts salts;
    private final Map<RecordFamily, SessionRecords> records;
    private final TenantLedger responseLedger;

    private RedisStores(
            @Nullable EmbeddedRedis embedded,
            List<RedisLink> links,
            RemoteTier remote,
            TenantSalts salts,
            Map<RecordFamily, SessionRecords> records,
            TenantLedger responseLedger) {
        this.embedded = embedded;
        this.links = links;
        this.remote = remote;
        this.salts = salts;
        this.records = records;
        this.responseLedger = responseLedger;
    }

    /**
     * Opens what the settings ask for; where there can be no Redis, what ends with the process.
     *
     * @param folder of a Redis of our own
     * @param environment whose PATH is searched for one
     * @param mostInMemory sessions that are kept where nothing outlives the process
     * @throws InvalidSettingException if the settings are not what they should be
     */
    static Stores open(
            RedisProperties properties,
            Path folder,
            Map<String, String> environment,
            int mostInMemory,
            RedisListener listener,
            SecureRandom random) {
        if (!properties.url().isEmpty()) {
            return connected(null, properties.url(), properties, listener, random);
        }
        Optional<EmbeddedRedis> own =
                properties.embedded() ? own(properties, folder, environment, random) : Optional.empty();
        if (own.isPresent()) {
            return connected(own.get(), own.get().url(), properties, listener, random);
        }
        return new MemoryStores(mostInMemory);
    }

    private static RedisStores connected(
            @Nullable EmbeddedRedis embedded,
            String url,
            RedisProperties properties,
            RedisListener listener,
            SecureRandom random) {
        RedisLink.Settings settings = new RedisLink.Settings(
                url,
                properties.cluster(),
                properties.certificates(),
                properties.connectTimeout(),
                properties.commandTimeout());
        // Blocks are large: what a turn needs to begin and to be written must not queue behind them.
        List<RedisLink> links = links(settings);
        RedisLink blocks = links.getFirst();
        return new RedisStores(
                embedded,
                links,
                new RedisTier(blocks, new CircuitBreaker(BREAKER, System::nanoTime), listener, System::nanoTime),
                new RedisTenantSalts(blocks, listener, random),
                records(family -> new RedisSessionRecords(
                        family, links.getLast(), listener, System::nanoTime, System::currentTimeMillis)),
                new RedisTenantLedger(RecordFamily.RESPONSE, links.getLast(), listener, System::nanoTime));
    }

    private static Map<RecordFamily, SessionRecords> records(Function<RecordFamily, SessionRecords> store) {
        Map<RecordFamily, SessionRecords> records = new EnumMap<>(RecordFamily.class);
        for (RecordFamily family : RecordFamily.values()) {
            records.put(family, store.apply(family));
        }
        return records;
    }

    private static List<RedisLink> links(RedisLink.Settings settings) {
        try {
            return List.of(new RedisLink(settings), new RedisLink(settings));
        } catch (IllegalArgumentException e) {
            throw new InvalidSettingException(e);
        }
    }

    private static Optional<EmbeddedRedis> own(
            RedisProperties properties, Path folder, Map<String, String> environment, SecureRandom random) {
        Optional<Path> binary = RedisBinary.find(environment);
        if (binary.isEmpty()) {
            LOG.warn("There is no redis-server for this platform: sessions and stored blocks end with this process."
                    + " Install one, or set contexture.redis.url");
            return Optional.empty();
        }
        try {
            EmbeddedRedis redis = EmbeddedRedis.start(
                    binary.get(), folder, properties.embeddedMaxBytes().toBytes(), random);
            LOG.info("Sessions and stored blocks are kept in {}", folder);
            return Optional.of(redis);
        } catch (IOException e) {
            LOG.warn("{}: sessions and stored blocks end with this process", String.valueOf(e.getMessage()));
            return Optional.empty();
        }
    }

    @Override
    public RemoteTier remote() {
        return remote;
    }

    @Override
    public TenantSalts salts() {
        return salts;
    }

    @Override
    public SessionRecords records(RecordFamily family) {
        return Objects.requireNonNull(records.get(family));
    }

    @Override
    public TenantLedger responseLedger() {
        return responseLedger;
    }

    @Override
    public boolean isAvailable() {
        return remote.state() == RemoteTier.State.AVAILABLE;
    }

    @Override
    public boolean outlivesProcess() {
        return true;
    }

    @Override
    public void close() {
        links.forEach(RedisLink::close);
        if (embedded != null) {
            embedded.close();
        }
    }
}
