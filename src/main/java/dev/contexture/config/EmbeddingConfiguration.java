package dev.contexture.config;

import dev.contexture.session.embedding.EmbeddingListener;
import dev.contexture.session.embedding.EmbeddingService;
import java.time.Instant;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Condition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.type.AnnotatedTypeMetadata;

/** Wires the embedding model, if there is to be one. */
@Configuration(proxyBeanMethods = false)
@Conditional(EmbeddingConfiguration.ModelWanted.class)
@EnableConfigurationProperties(EmbeddingProperties.class)
class EmbeddingConfiguration {
    static final class ModelWanted implements Condition {
        @Override
        public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
            return !EmbeddingProperties.NO_MODEL.equals(
                    context.getEnvironment().getProperty("contexture.embedding.model"));
        }
    }

    @Bean
    EmbeddingHost embeddingHost(EmbeddingProperties properties, ObjectProvider<EmbeddingListener> listener) {
        return new EmbeddingHost(properties, listener.getIfAvailable(() -> EmbeddingListener.NONE), Instant.now());
    }

    @Bean
    EmbeddingService embeddingService(EmbeddingHost host) {
        return host.service();
    }

    @Bean
    EmbeddingDrain embeddingDrain(EmbeddingHost host) {
        return new EmbeddingDrain(host.service());
    }
}
