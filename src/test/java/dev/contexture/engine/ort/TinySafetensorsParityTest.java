package dev.contexture.engine.ort;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.Precision;
import dev.contexture.golden.GoldenRows;
import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.safetensors.SafetensorsModelSource;
import java.io.IOException;
import java.nio.file.Path;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random models of each family in safetensors folders against transformers in float32. */
class TinySafetensorsParityTest {
    private static final Path GOLDEN = Path.of("src", "test", "resources", "golden", "tiny");
    /** Of logits up to 40 in size. */
    private static final Offset<Float> TOLERANCE = Offset.offset(2e-3f);

    @TempDir
    static Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"llama3", "llama-linear", "mistral", "mistral-window", "qwen2", "qwen3"})
    void exactModeEqualsTransformers(String name) throws IOException {
        GoldenRows golden = GoldenRows.read("tiny/" + name + "/golden.bin.gz");
        try (ModelSource source = SafetensorsModelSource.open(GOLDEN.resolve(name));
                LoadedModel model = new LoadedModel(source, name, Precision.EXACT, directory, 512)) {
            GoldenAssertions.assertSameLogits(model, golden, TOLERANCE);
            GoldenAssertions.assertSameGreedyTokens(model, golden);
            assertThat(source.tokenizer().endOfSequence()).hasSizeGreaterThanOrEqualTo(2);
        }
    }
}
