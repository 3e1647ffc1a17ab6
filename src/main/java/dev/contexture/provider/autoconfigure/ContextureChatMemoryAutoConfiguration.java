package dev.contexture.provider.autoconfigure;

import dev.contexture.provider.ChatCall;
import dev.contexture.provider.autoconfigure.SpringAiContextureAutoConfiguration.SpringAiSource;
import dev.contexture.provider.springai.ContextureChatMemoryRepository;
import dev.contexture.security.ApiKeys;
import dev.contexture.security.Tenant;
import dev.contexture.session.ConversationsInRedis;
import dev.contexture.session.SessionService;
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

    @Bean
    @ConditionalOnMode(prefix = PREFIX, mode = ProviderMode.EMBEDDED)
    @ConditionalOnBean(SessionService.class)
    @ConditionalOnMissingBean(ChatMemoryRepository.class)
    ContextureChatMemoryRepository contextureChatMemory(SessionService sessions) {
        return new ContextureChatMemoryRepository(sessions.conversations(), ChatCall.TENANT);
    }

    @Bean
    @ConditionalOnMode(prefix = PREFIX, mode = ProviderMode.REMOTE)
    @ConditionalOnMissingBean(ChatMemoryRepository.class)
    ConversationsInRedis contextureConversations(SpringAiContextureProperties properties, SpringAiSource source) {
        SpringAiContextureProperties.Memory memory = properties.memory();
        require(memory.redisUrl(), "redis-url");
        require(memory.tenantSecret(), "tenant-secret");
        if (!ClassUtils.isPresent(REDIS_CLIENT, getClass().getClassLoader())) {
            throw new IllegalStateException(PREFIX + ".memory.enabled needs io.lettuce:lettuce-core on the class path"
                    + " where " + PREFIX + ".mode is remote");
        }
        try {
            return new ConversationsInRedis(
                    new ConversationsInRedis.Address(
                            memory.redisUrl(), memory.redisCluster(), Optional.ofNullable(memory.redisCaFile())),
                    Base64.getDecoder().decode(memory.tenantSecret()),
                    new SessionSettings(memory.timeToLive(), memory.timeToLive(), LEASE, memory.maxWait(), (int)
                            Math.min(Integer.MAX_VALUE, memory.maxRecordSize().toBytes())),
                    source.chat().model(),
                    InstantSource.system(),
                    System::nanoTime,
                    new SecureRandom());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(PREFIX + ".memory: " + e.getMessage(), e);
        }
    }

    private static void require(String value, String name) {
        if (value.isBlank()) {
            throw new IllegalArgumentException(PREFIX + ".memory." + name + " must be set where " + PREFIX
                    + ".mode is remote: it is the service's, whose sessions the memory shares");
        }
    }

    @Bean
    @ConditionalOnBean(ConversationsInRedis.class)
    @ConditionalOnMissingBean(ChatMemoryRepository.class)
    ContextureChatMemoryRepository contextureSharedChatMemory(
            ConversationsInRedis redis, SpringAiContextureProperties properties) {
        String key = properties.apiKey();
        return new ContextureChatMemoryRepository(
                redis.conversations(), key.isEmpty() ? Tenant.LOCAL : ApiKeys.tenant(key));
    }
}
