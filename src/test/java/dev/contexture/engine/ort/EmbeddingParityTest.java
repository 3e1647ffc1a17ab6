package dev.contexture.engine.ort;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.golden.GoldenEmbedding;
import dev.contexture.model.embedding.EmbeddingModelFiles;
import dev.contexture.model.embedding.EmbeddingRunner;
import dev.contexture.model.embedding.EmbeddingTokenizer;
import dev.contexture.model.embedding.FloatProducts;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The built-in embedding model beside vectors that were computed without ONNX Runtime. */
@TestInstance(Lifecycle.PER_CLASS)
class EmbeddingParityTest {
    private final EmbeddingModelFiles files = EmbeddingModelFiles.allMiniLm();
    private final EmbeddingTokenizer tokenizer = new EmbeddingTokenizer(files.tokenizer());
    private final EmbeddingRunner exact = new OrtEmbeddingRunner(FloatProducts.of(files.graph()), files.dimensions());
    private final EmbeddingRunner fast = new OrtEmbeddingRunner(files.graph(), files.dimensions());
    private List<GoldenEmbedding> all = List.of();

    @BeforeAll
    void read() {
        all = GoldenEmbedding.all();
        assertThat(all).hasSizeGreaterThan(10);
    }

    @AfterAll
    void close() {
        exact.close();
        fast.close();
        tokenizer.close();
    }

    @ParameterizedTest
    @MethodSource("dev.contexture.golden.GoldenEmbedding#all")
    void tokensAreTheReferences(GoldenEmbedding golden) {
        assertThat(tokenizer.framed(tokenizer.encode(golden.text()))).isEqualTo(golden.ids());
    }

    @ParameterizedTest
    @MethodSource("dev.contexture.golden.GoldenEmbedding#all")
    void vectorsAreTheReferences(GoldenEmbedding golden) {
        assertThat(golden.cosine(alone(exact, golden))).isGreaterThan(0.99999);
    }

    /** Eight-bit activations are told from the reference, by as much as the graph that was published. */
    @ParameterizedTest
    @MethodSource("dev.contexture.golden.GoldenEmbedding#all")
    void fastVectorsAreNearThem(GoldenEmbedding golden) {
        assertThat(golden.cosine(alone(fast, golden))).isBetween(0.98, 0.9999);
    }

    private static float[] alone(EmbeddingRunner runner, GoldenEmbedding golden) {
        return runner.run(new int[][] {golden.ids()})[0];
    }

    @Test
    void neighboursAndPaddingDoNotMatter() {
        float[][] together = exact.run(all.stream().map(GoldenEmbedding::ids).toArray(int[][]::new));
        assertThat(together).hasNumberOfRows(all.size());
        for (int i = 0; i < together.length; i++) {
            assertThat(GoldenEmbedding.cosine(together[i], alone(exact, all.get(i))))
                    .as(all.get(i).text())
                    .isGreaterThan(0.999999);
        }
    }

    @Test
    void meaningIsWhatCounts() {
        float[] cat = alone(exact, all.get(1));
        assertThat(GoldenEmbedding.cosine(cat, alone(exact, all.get(2))))
                .isGreaterThan(GoldenEmbedding.cosine(cat, alone(exact, all.get(3))) + 0.4);
    }

    @Test
    void aSequenceIsFramedOnceAndClosedWhereItIsCut() {
        int[] ids = tokenizer.framed(tokenizer.encode("one two three four"));
        assertThat(tokenizer.framed(ids)).isSameAs(ids);
        assertThat(tokenizer.cut(ids, 4)).containsExactly(ids[0], ids[1], ids[2], ids[ids.length - 1]);
    }
}
