package dev.contexture.config;

import dev.contexture.kv.tier.redis.RedisListener;
import dev.contexture.security.SecurityProperties;
import java.security.SecureRandom;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Wires what outlives the process. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(RedisProperties.class)
class RedisConfiguration {
    @Bean
    Stores stores(
            RedisProperties redis,
            SecurityProperties security,
            SessionProperties sessions,
            DataProperties data,
            ObjectProvider<RedisListener> listener,
            ObjectProvider<StoresGauge> gauge) {
        boolean shared = !redis.url().isEmpty();
        if (shared
                && (security.tenantSecret().isEmpty() || security.masterKeys().isEmpty())) {
            throw new InvalidSettingException(new IllegalArgumentException(
                    "contexture.redis.url names a Redis that other replicas may use, so contexture.security.tenant-secret"
                            + " and contexture.security.master-keys.1 must be set, the same in all of them: make each by"
                            + " 'openssl rand -base64 32'"));
        }
        Stores stores = RedisStores.open(
                redis,
                data.dataDir().resolve("redis"),
                System.getenv(),
                sessions.maxInMemory(),
                listener.getIfAvailable(() -> RedisListener.NONE),
                new SecureRandom());
        gauge.ifAvailable(shown -> shown.bind(stores::isAvailable));
        return stores;
    }

    @Bean
    RemoteStore remoteStore(Stores stores, RedisProperties redis, ServerKeys keys) {
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
}
