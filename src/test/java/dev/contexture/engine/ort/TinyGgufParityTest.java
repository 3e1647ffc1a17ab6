package dev.contexture.engine.ort;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.Precision;
import dev.contexture.golden.GoldenRows;
import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.gguf.GgufModelSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One random model per GGUF weight type, family and oddity: logits and greedy tokens are those of transformers. */
class TinyGgufParityTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden/gguf");
    /** Of logits up to 40 in size. */
    private static final Offset<Float> TOLERANCE = Offset.offset(2e-3f);

    @TempDir
    static Path directory;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama-f32",
                "llama-f16-rope-freqs",
                "llama-bf16-linear",
                "llama-q4_0",
                "llama-q4_1",
                "llama-q5_0-v2",
                "llama-q5_1",
                "llama-q8_0",
                "llama-q4_k",
                "llama-q5_k",
                "llama-q6_k",
                "llama-spm-q8_0",
                "qwen2-q8_0",
                "qwen3-q4_1"
            })
    void exactModeEqualsTransformers(String name) throws IOException {
        GoldenRows golden = GoldenRows.read("gguf/" + name + ".golden.bin.gz");
        try (ModelSource source = GgufModelSource.open(GOLDEN.resolve(name + ".gguf"));
                LoadedModel model = new LoadedModel(source, name, Precision.EXACT, directory, 512)) {
            GoldenAssertions.assertSameLogits(model, golden, TOLERANCE);
            GoldenAssertions.assertSameGreedyTokens(model, golden);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama-f32", "llama-q4_1", "llama-q4_0", "llama-q8_0", "llama-q6_k", "qwen3-q4_1"})
    void fastModeStaysNear(String name) throws IOException {
        GoldenRows golden = GoldenRows.read("gguf/" + name + ".golden.bin.gz");
        try (ModelSource source = GgufModelSource.open(GOLDEN.resolve(name + ".gguf"));
                LoadedModel model = new LoadedModel(source, name, Precision.FAST, directory, 512);
                LoadedModel.Run run = model.newRun()) {
            float[][] logits = run.feed(golden.tokens(), golden.rows().length);
            double error = 0;
            double size = 0;
            for (int row = 0; row < logits.length; row++) {
                for (int token = 0; token < logits[row].length; token++) {
                    double reference = golden.rows()[row][token];
                    error += Math.pow(logits[row][token] - reference, 2);
                    size += reference * reference;
                }
            }
            assertThat(Math.sqrt(error / size))
                    .as("relative error of %s, first row %s", name, Arrays.toString(Arrays.copyOf(logits[0], 4)))
                    .isLessThan(0.05);
        }
    }
}
