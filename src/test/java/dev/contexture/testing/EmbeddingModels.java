package dev.contexture.testing;

import dev.contexture.config.EmbeddingHost;
import dev.contexture.config.EmbeddingProperties;
import dev.contexture.core.Precision;
import dev.contexture.metrics.EmbeddingMetrics;
import dev.contexture.session.embedding.EmbeddingBounds.TooLong;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Instant;

/** The embedding model without the service around it. */
public final class EmbeddingModels {
    private EmbeddingModels() {}

    public static EmbeddingHost host(MeterRegistry registry, int maxRequestTokens) {
        EmbeddingProperties properties = new EmbeddingProperties(
                "all-minilm-l6-v2",
                Precision.EXACT,
                true,
                2,
                256,
                TooLong.REFUSE,
                2048,
                maxRequestTokens,
                512,
                64,
                1_000_000);
        return new EmbeddingHost(
                properties, new EmbeddingMetrics(registry, properties.model()), Instant.ofEpochSecond(0));
    }
}
