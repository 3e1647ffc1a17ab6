package dev.contexture.provider.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.config.EmbeddingHost;
import dev.contexture.golden.GoldenEmbedding;
import dev.contexture.testing.EmbeddingModels;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import dev.langchain4j.model.output.TokenUsage;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/** What LangChain4j's contract for embedding models leaves open; the contract itself is run by {@link DefaultModelContractsIT}. */
@TestInstance(Lifecycle.PER_CLASS)
class EmbeddingModelIT {
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final EmbeddingHost host = EmbeddingModels.host(registry, 600);
    private final EmbeddingModel model = ContextureEmbeddingModel.of(host.service());

    @AfterAll
    void close() {
        host.close();
    }

    @Test
    void vectorsAreTheReferences() {
        for (GoldenEmbedding golden : GoldenEmbedding.all()) {
            var response = model.embed(golden.text());
            assertThat(golden.cosine(response.content().vector())).isGreaterThan(0.99999);
            assertThat(response.tokenUsage()).isEqualTo(new TokenUsage(golden.ids().length, 0));
        }
        assertThat(model.modelName()).isEqualTo("all-minilm-l6-v2");
        assertThat(model.dimension()).isEqualTo(384);
    }

    /** More than one request may have: 300 of 4 tokens where 600 are the most. */
    @Test
    void manySegmentsBecomeSeveralRequests() {
        List<TextSegment> segments = Collections.nCopies(300, TextSegment.from("hello world"));
        var response = model.embedAll(segments);
        assertThat(response.content()).hasSize(300);
        assertThat(response.tokenUsage()).isEqualTo(new TokenUsage(1200, 0));
    }

    @Test
    void answersComeInTheFutureToo() throws Exception {
        EmbeddingRequest request =
                EmbeddingRequest.builder().input("hello world").dimensions(8).build();
        var later = model.embedAsync(request).get(60, TimeUnit.SECONDS);
        assertThat(later.embeddings()).isEqualTo(model.embed(request).embeddings());
        assertThat(later.embeddings().getFirst().dimension()).isEqualTo(8);
    }

    @Test
    void errorsAreThoseOfTheirKind() {
        assertThatThrownBy(() -> model.embed("")).isInstanceOf(RuntimeException.class);
        assertThatThrownBy(() -> model.embed("word ".repeat(300))).isInstanceOf(InvalidRequestException.class);
        assertThatThrownBy(() -> model.embed(
                        EmbeddingRequest.builder().input("x").modelName("other").build()))
                .isInstanceOf(ModelNotFoundException.class);
    }
}
