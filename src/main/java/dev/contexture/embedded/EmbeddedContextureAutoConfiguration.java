package dev.contexture.embedded;

import dev.contexture.config.EngineLibraries;
import dev.contexture.config.EngineMeters;
import dev.contexture.provider.autoconfigure.LangChain4jContextureAutoConfiguration;
import dev.contexture.provider.autoconfigure.SpringAiContextureAutoConfiguration;
import dev.contexture.session.InferenceService;
import dev.contexture.session.SessionService;
import dev.contexture.session.embedding.EmbeddingService;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.function.Consumer;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.AnyNestedCondition;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.ConfigurableEnvironment;

/**
 * An engine of the application's own, by its {@code contexture.*} settings. Only where a provider's mode says {@code embedded}: a model
 * that is fetched and loaded should not come by a jar on the class path alone.
 */
@AutoConfiguration(before = {LangChain4jContextureAutoConfiguration.class, SpringAiContextureAutoConfiguration.class})
@Conditional(EmbeddedContextureAutoConfiguration.Wanted.class)
@ConditionalOnMissingBean(InferenceService.class)
public final class EmbeddedContextureAutoConfiguration {
    /** By the provider of a framework that is there. */
    static final class Wanted extends AnyNestedCondition {
        private static final String EMBEDDED = "embedded";

        Wanted() {
            super(ConfigurationPhase.PARSE_CONFIGURATION);
        }

        @ConditionalOnClass(name = "dev.langchain4j.model.chat.ChatModel")
        @ConditionalOnProperty(name = "langchain4j.contexture.mode", havingValue = EMBEDDED)
        static class ByLangChain4j {}

        @ConditionalOnClass(name = "org.springframework.ai.chat.model.ChatModel")
        @ConditionalOnProperty(name = "spring.ai.contexture.mode", havingValue = EMBEDDED)
        static class BySpringAi {}
    }

    /** Added to the engine's context before it starts. */
    interface Addition extends Consumer<AnnotationConfigApplicationContext> {}

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(MeterRegistry.class)
    static class Measured {
        @Bean
        Addition contextureMeters(ObjectProvider<MeterRegistry> registry) {
            return context -> registry.ifAvailable(meters -> EngineMeters.add(context, meters));
        }
    }

    @Bean
    @ConditionalOnMissingBean
    EmbeddedContexture embeddedContexture(ConfigurableEnvironment environment, ObjectProvider<Addition> additions) {
        EngineLibraries.require();
        return EngineContext.open(
                environment.getPropertySources().stream()
                        .filter(source -> !ConfigurationPropertySources.isAttachedConfigurationPropertySource(source))
                        .toList(),
                context -> additions.forEach(addition -> addition.accept(context)));
    }

    @Bean
    InferenceService contextureInferenceService(EmbeddedContexture contexture) {
        return contexture.service();
    }

    @Bean
    SessionService contextureSessionService(EmbeddedContexture contexture) {
        return contexture.sessions();
    }

    @Bean
    @ConditionalOnProperty(name = "contexture.embedding.model", havingValue = "all-minilm-l6-v2", matchIfMissing = true)
    EmbeddingService contextureEmbeddingService(EmbeddedContexture contexture) {
        return contexture.embeddings().orElseThrow();
    }
}
