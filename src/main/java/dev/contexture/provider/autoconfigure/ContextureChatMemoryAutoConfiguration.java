package dev.contexture.provider.autoconfigure;

import dev.contexture.provider.ContextureMemory;
import dev.contexture.provider.EmbeddedMemory;
import dev.contexture.provider.autoconfigure.SpringAiContextureAutoConfiguration.SpringAiSource;
import dev.contexture.provider.springai.ContextureChatMemoryRepository;
import dev.contexture.security.ApiKeys;
import dev.contexture.security.Tenant;
import dev.contexture.session.ConversationsInRedis;
import dev.contexture.session.SessionSettings;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Optional;
import org.springframework.ai.chat.memory.ChatMemoryRepository;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.util.ClassUtils;
import reactor.core.publisher.Mono;

/** Spring AI's memory in sessions, where {@code spring.ai.contexture.memory.enabled} says so. */
@AutoConfiguration(
        after = SpringAiContextureAutoConfiguration.class,
        beforeName = "org.springframework.ai.model.chat.memory.autoconfigure.ChatMemoryAutoConfiguration")
@ConditionalOnClass(ChatMemoryRepository.class)
@ConditionalOnProperty(prefix = SpringAiContextureProperties.PREFIX, name = "memory.enabled", havingValue = "true")
public final class ContextureChatMemoryAutoConfiguration {
    private static final String PREFIX = SpringAiContextureProperties.PREFIX;
    private static final String REDIS_CLIENT = "io.lettuce.core.RedisClient";
    private static final Duration LEASE = Duration.ofSeconds(15);

    /** What the memory is over where the engine is another process's; a type of its own, as {@link SpringAiSource} is. */
    record MemorySource(ContextureMemory memory, Runnable end) implements AutoCloseable {
        @Override
        public void close() {
            end.run();
        }
    }

    @Bean
    @ConditionalOnMode(prefix = PREFIX, mode = ProviderMode.EMBEDDED)
    @ConditionalOnBean(SpringAiSource.class)
    @ConditionalOnMissingBean(ChatMemoryRepository.class)
    ContextureChatMemoryRepository contextureChatMemory(SpringAiSource source) {
        return new ContextureChatMemoryRepository(source.memory().orElseThrow(() -> EmbeddedMemory.noSessions(PREFIX)));
    }

    @Bean
    @ConditionalOnMode(prefix = PREFIX, mode = ProviderMode.REMOTE)
    @ConditionalOnMissingBean(ChatMemoryRepository.class)
    MemorySource contextureMemorySource(SpringAiContextureProperties properties, SpringAiSource source) {
        SpringAiContextureProperties.Memory memory = properties.memory();
        if (memory.redisUrl().isBlank() && memory.tenantSecret().isBlank()) {
            return new MemorySource(source.memory().orElseThrow(), () -> {}); // it ends with its source
        }
        ConversationsInRedis redis = redis(memory, source.chat().model());
        String key = properties.apiKey();
        return new MemorySource(
                new EmbeddedMemory(redis.conversations(), key.isEmpty() ? Tenant.LOCAL : ApiKeys.tenant(key)),
                redis::close);
    }

    private static ConversationsInRedis redis(SpringAiContextureProperties.Memory memory, Mono<String> model) {
        require(memory.redisUrl(), "redis-url");
        require(memory.tenantSecret(), "tenant-secret");
        if (!ClassUtils.isPresent(REDIS_CLIENT, ContextureChatMemoryAutoConfiguration.class.getClassLoader())) {
            throw new IllegalStateException(
                    PREFIX + ".memory.redis-url needs io.lettuce:lettuce-core on the class path");
        }
        try {
            return new ConversationsInRedis(
                    new ConversationsInRedis.Address(
                            memory.redisUrl(), memory.redisCluster(), Optional.ofNullable(memory.redisCaFile())),
                    Base64.getDecoder().decode(memory.tenantSecret()),
                    new SessionSettings(memory.timeToLive(), memory.timeToLive(), LEASE, memory.maxWait(), (int)
                            Math.min(Integer.MAX_VALUE, memory.maxRecordSize().toBytes())),
                    model,
                    InstantSource.system(),
                    System::nanoTime,
                    new SecureRandom());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(PREFIX + ".memory: " + e.getMessage(), e);
        }
    }

    private static void require(String value, String name) {
        if (value.isBlank()) {
            throw new IllegalArgumentException(
                    PREFIX + ".memory." + name + " must be set beside the other of "
                            + "redis-url and tenant-secret, or both left out: then the memory goes over HTTP, with the API key");
        }
    }

    @Bean
    @ConditionalOnBean(MemorySource.class)
    @ConditionalOnMissingBean(ChatMemoryRepository.class)
    ContextureChatMemoryRepository contextureRemoteChatMemory(MemorySource source) {
        return new ContextureChatMemoryRepository(source.memory());
    }
}
