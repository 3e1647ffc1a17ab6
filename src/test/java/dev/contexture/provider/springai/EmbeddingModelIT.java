package dev.contexture.provider.springai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.config.EmbeddingHost;
import dev.contexture.golden.GoldenEmbedding;
import dev.contexture.provider.ContextureException;
import dev.contexture.testing.EmbeddingModels;
import io.micrometer.common.KeyValue;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.EmbeddingOptions;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.ai.embedding.EmbeddingResponse;
import org.springframework.ai.embedding.TokenCountBatchingStrategy;
import org.springframework.ai.embedding.observation.EmbeddingModelObservationContext;

/** Spring AI's embedding model over the built-in one. */
@TestInstance(Lifecycle.PER_CLASS)
class EmbeddingModelIT {
    private final EmbeddingHost host = EmbeddingModels.host(new SimpleMeterRegistry(), 300_000);
    private final ContextureEmbeddingModel model = ContextureEmbeddingModel.of(host.service());

    @AfterAll
    void close() {
        host.close();
    }

    @Test
    void vectorsAreTheReferencesInAllWays() {
        List<GoldenEmbedding> all = GoldenEmbedding.all();
        EmbeddingResponse response =
                model.embedForResponse(all.stream().map(GoldenEmbedding::text).toList());
        for (int i = 0; i < all.size(); i++) {
            assertThat(response.getResults().get(i).getIndex()).isEqualTo(i);
            assertThat(all.get(i).cosine(response.getResults().get(i).getOutput()))
                    .isGreaterThan(0.99999);
        }
        assertThat(response.getMetadata().getModel()).isEqualTo("all-minilm-l6-v2");
        assertThat(response.getMetadata().getUsage().getPromptTokens())
                .isEqualTo(all.stream().mapToInt(golden -> golden.ids().length).sum());
        GoldenEmbedding first = all.getFirst();
        assertThat(first.cosine(model.embed(first.text()))).isGreaterThan(0.99999);
        assertThat(first.cosine(model.embed(new Document(first.text())))).isGreaterThan(0.99999);
        assertThat(model.embed(
                        all.stream().map(golden -> new Document(golden.text())).toList(),
                        EmbeddingOptions.builder().build(),
                        new TokenCountBatchingStrategy()))
                .hasSize(all.size());
        assertThat(model.dimensions()).isEqualTo(384);
    }

    @Test
    void optionsOfARequestComeBeforeTheModels() {
        var shorter = new ContextureEmbeddingModel(
                host.service(), EmbeddingOptions.builder().dimensions(32).build(), ObservationRegistry.NOOP);
        assertThat(shorter.dimensions()).isEqualTo(32);
        assertThat(shorter.embed("hello")).hasSize(32);
        assertThat(shorter.embed(new Document("hello"))).hasSize(32);
        var request = new EmbeddingRequest(
                List.of("hello"), EmbeddingOptions.builder().dimensions(16).build());
        assertThat(shorter.call(request).getResult().getOutput()).hasSize(16);
        assertThatThrownBy(() -> model.call(new EmbeddingRequest(
                        List.of("hello"),
                        EmbeddingOptions.builder().model("other").build())))
                .isInstanceOf(ContextureException.class)
                .hasMessageContaining("other");
    }

    @Test
    void callsAreObserved() {
        List<Observation.Context> heard = new ArrayList<>();
        ObservationRegistry observations = ObservationRegistry.create();
        observations.observationConfig().observationHandler(new ObservationHandler<Observation.Context>() {
            @Override
            public void onStop(Observation.Context context) {
                heard.add(context);
            }

            @Override
            public boolean supportsContext(Observation.Context context) {
                return true;
            }
        });
        new ContextureEmbeddingModel(host.service(), EmbeddingOptions.builder().build(), observations)
                .embed("hello world");
        assertThat(heard).singleElement().isInstanceOfSatisfying(EmbeddingModelObservationContext.class, context -> {
            assertThat(context.getResponse()).isNotNull();
            assertThat(context.getAllKeyValues())
                    .contains(
                            KeyValue.of("gen_ai.operation.name", "embedding"),
                            KeyValue.of("gen_ai.request.model", "all-minilm-l6-v2"),
                            KeyValue.of("gen_ai.usage.total_tokens", "4"));
        });
    }
}
