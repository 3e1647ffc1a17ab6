package dev.contexture.config;

import dev.contexture.metrics.ConstraintMetrics;
import dev.contexture.metrics.EmbeddingMetrics;
import dev.contexture.metrics.EngineMetrics;
import dev.contexture.metrics.RedisMetrics;
import dev.contexture.metrics.SelectionMetrics;
import dev.contexture.metrics.SessionMetrics;
import dev.contexture.metrics.TierMetrics;
import dev.contexture.metrics.ToolMetrics;
import dev.contexture.model.store.ModelFiles;
import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;

/** Measures the engine where there is a registry for it: hears what it does, and asks it for what can be asked. */
@Configuration(proxyBeanMethods = false)
class MetricsConfiguration {
    @Bean
    EngineMetrics engineMetrics(MeterRegistry registry, ModelFiles files) {
        return new EngineMetrics(registry, files.id());
    }

    @Bean
    SelectionMetrics selectionMetrics(MeterRegistry registry, ModelFiles files) {
        return new SelectionMetrics(registry, files.id());
    }

    @Bean
    TierMetrics tierMetrics(MeterRegistry registry, ModelFiles files) {
        return new TierMetrics(registry, files.id());
    }

    @Bean
    RedisMetrics redisMetrics(MeterRegistry registry) {
        return new RedisMetrics(registry);
    }

    @Bean
    StoresGauge storesGauge(RedisMetrics metrics) {
        return metrics::bind;
    }

    @Bean
    ToolMetrics toolMetrics(MeterRegistry registry) {
        return new ToolMetrics(registry);
    }

    @Bean
    SessionMetrics sessionMetrics(MeterRegistry registry) {
        return new SessionMetrics(registry);
    }

    @Bean
    @Conditional(EmbeddingConfiguration.ModelWanted.class)
    EmbeddingMetrics embeddingMetrics(MeterRegistry registry, EmbeddingProperties properties) {
        return new EmbeddingMetrics(registry, properties.model());
    }

    @Bean
    SmartInitializingSingleton engineGauges(
            MeterRegistry registry,
            ModelFiles files,
            ModelHost host,
            HostedService hosted,
            EngineMetrics engine,
            TierMetrics below,
            ObjectProvider<EmbeddingHost> embedding,
            ObjectProvider<EmbeddingMetrics> vectors) {
        return () -> {
            engine.bind(host.loop()::stats);
            host.tiers().ifPresent(tiers -> below.bind(tiers::stats));
            ConstraintMetrics.bind(registry, files.id(), hosted.constraints()::stats);
            embedding.ifAvailable(texts -> vectors.ifAvailable(metrics -> metrics.bind(texts.service()::load)));
        };
    }
}
