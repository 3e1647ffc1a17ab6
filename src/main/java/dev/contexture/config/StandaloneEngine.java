package dev.contexture.config;

import dev.contexture.security.SecurityProperties;
import java.lang.reflect.RecordComponent;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.DataObjectPropertyName;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.PropertySource;

/**
 * The service's wiring of the engine, for a context of somebody else's process: no HTTP, no health. Sessions and stored
 * blocks are kept in Redis where {@code contexture.redis.url} names one, and otherwise end with the process.
 */
@Import({EngineConfiguration.class, SessionConfiguration.class, EmbeddingConfiguration.class})
public final class StandaloneEngine {
    private static final List<Class<? extends Record>> SETTINGS = List.of(
            DataProperties.class,
            ModelProperties.class,
            EngineProperties.class,
            KvProperties.class,
            SplitProperties.class,
            SparsityProperties.class,
            SchedulerProperties.class,
            ChatProperties.class,
            SessionProperties.class,
            RedisProperties.class,
            SecurityProperties.class,
            EmbeddingProperties.class);

    private static final String REDIS_URL = "contexture.redis.url";
    private static final String MASTER_KEYS = "contexture.security.master-keys.";

    StandaloneEngine() {}

    /** The names of all settings that count. */
    public static Set<String> settingNames() {
        Set<String> names = new TreeSet<>();
        for (Class<? extends Record> settings : SETTINGS) {
            String prefix = Objects.requireNonNull(settings.getAnnotation(ConfigurationProperties.class))
                    .value();
            for (RecordComponent component : settings.getRecordComponents()) {
                names.add(prefix + "." + DataObjectPropertyName.toDashedForm(component.getName()));
            }
        }
        return names;
    }

    /**
     * @throws InvalidSettingException if there are names that mean nothing here
     */
    public static void requireKnown(Collection<String> names) {
        Set<String> unknown = new TreeSet<>(names);
        unknown.removeAll(settingNames());
        unknown.removeIf(name -> name.startsWith(MASTER_KEYS));
        if (!unknown.isEmpty()) {
            throw new InvalidSettingException(new IllegalArgumentException(
                    "An engine in this process has no settings " + unknown + "; it has " + settingNames()));
        }
    }

    /** A context of its own with the engine's beans, not yet refreshed. */
    public static AnnotationConfigApplicationContext context(Iterable<PropertySource<?>> settings) {
        AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
        context.setDisplayName("contexture");
        MutablePropertySources own = context.getEnvironment().getPropertySources();
        own.stream().map(PropertySource::getName).toList().forEach(own::remove);
        settings.forEach(own::addLast);
        context.register(StandaloneEngine.class);
        boolean hasRedis = Binder.get(context.getEnvironment())
                .bind(REDIS_URL, String.class)
                .map(url -> !url.isBlank())
                .orElse(false);
        if (hasRedis) {
            EngineLibraries.requireRedisClient();
        }
        context.register(hasRedis ? RedisConfiguration.class : InMemory.class);
        return context;
    }

    /** All of it ends with the process. No {@code @Configuration}, so that the service's scan of components does not find it. */
    static class InMemory {
        @Bean
        Stores stores(SessionProperties sessions) {
            return new MemoryStores(sessions.maxInMemory());
        }

        @Bean
        RemoteStore remoteStore() {
            return RemoteStore.none();
        }
    }
}
