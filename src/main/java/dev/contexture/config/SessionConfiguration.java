package dev.contexture.config;

import dev.contexture.metrics.RedisMetrics;
import dev.contexture.metrics.SessionMetrics;
import dev.contexture.security.SecurityProperties;
import dev.contexture.session.SessionSealer;
import dev.contexture.session.SessionService;
import dev.contexture.session.TenantNamespaces;
import dev.contexture.session.store.RecordFamily;
import io.micrometer.core.instrument.MeterRegistry;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.HexFormat;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.scheduler.Schedulers;

/** Wires sessions. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({SessionProperties.class, RedisProperties.class})
class SessionConfiguration {
    private static final int REPLICA_BYTES = 6;

    @Bean
    ServerKeys serverKeys(SecurityProperties security, RedisProperties redis, DataProperties data) {
        boolean shared = !redis.url().isEmpty();
        if (shared
                && (security.tenantSecret().isEmpty() || security.masterKeys().isEmpty())) {
            throw new InvalidSettingException(new IllegalArgumentException(
                    "contexture.redis.url names a Redis that other replicas may use, so contexture.security.tenant-secret"
                            + " and contexture.security.master-keys.1 must be set, the same in all of them: make each by"
                            + " 'openssl rand -base64 32'"));
        }
        return ServerKeys.of(security, data.dataDir(), new SecureRandom());
    }

    @Bean
    TenantNamespaces tenantNamespaces(ServerKeys keys) {
        return new TenantNamespaces(keys.tenantSecret());
    }

    @Bean
    RedisMetrics redisMetrics(MeterRegistry registry) {
        return new RedisMetrics(registry);
    }

    @Bean
    RedisStores redisStores(
            RedisProperties redis, SessionProperties sessions, DataProperties data, RedisMetrics metrics) {
        RedisStores stores = RedisStores.open(
                redis,
                data.dataDir().resolve("redis"),
                System.getenv(),
                sessions.maxInMemory(),
                metrics,
                new SecureRandom());
        metrics.bind(stores::isAvailable);
        return stores;
    }

    @Bean
    RemoteStore remoteStore(RedisStores stores, RedisProperties redis, ServerKeys keys) {
        return stores.outlivesProcess()
                ? new RemoteStore(
                        true,
                        stores.remote(),
                        stores.salts(),
                        keys.masterKeys(),
                        redis.kvTimeToLive(),
                        redis.flushTimeout())
                : RemoteStore.none();
    }

    @Bean
    SessionMetrics sessionMetrics(MeterRegistry registry) {
        return new SessionMetrics(registry);
    }

    @Bean
    SessionService sessionService(
            HostedService hosted,
            ModelHost host,
            RedisStores stores,
            RemoteStore remote,
            ServerKeys keys,
            TenantNamespaces namespaces,
            SessionProperties properties,
            SessionMetrics metrics) {
        SecureRandom random = new SecureRandom();
        byte[] replica = new byte[REPLICA_BYTES];
        random.nextBytes(replica);
        return new SessionService(
                new SessionService.Parts(
                        hosted.service(),
                        hosted.renderer(),
                        host.tokenizer(),
                        stores.records(RecordFamily.SESSION),
                        stores.outlivesProcess(),
                        new SessionSealer(keys.tenantSecret(), random),
                        namespaces,
                        host.sessionKv(namespaces, remote.salts()),
                        metrics,
                        HexFormat.of().formatHex(replica),
                        "ses"),
                properties.settings(),
                InstantSource.system(),
                random,
                hosted.textThreads(),
                Schedulers.parallel());
    }
}
