package dev.contexture.model.head;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.model.ModelFormatException;
import dev.contexture.model.arch.ModelConfig;
import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.safetensors.SafetensorsModelSource;
import dev.contexture.testing.TinyHead;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Heads are read as they were written, and what does not fit is refused with the reason. */
class RetrievalHeadFileTest {
    @TempDir
    private Path directory;

    private static ModelConfig model() throws IOException {
        try (ModelSource source =
                SafetensorsModelSource.open(Path.of("src", "test", "resources", "golden", "tiny", "llama3"))) {
            return source.config();
        }
    }

    private TinyHead head() throws IOException {
        return new TinyHead(model(), 2, 2, 4, 16);
    }

    private RetrievalHeadFile open(TinyHead head) throws IOException {
        return RetrievalHeadFile.open(head.write(directory.resolve("head.safetensors")));
    }

    @Test
    void readsShapeNormsAndProducts() throws IOException {
        try (RetrievalHeadFile file = open(head())) {
            assertThat(file.config().groupOfLayer()).containsExactly(0, 1);
            assertThat(file.config().keyWidth()).isEqualTo(2 * 2 * 16);
            assertThat(file.targetSha256()).isEqualTo("a".repeat(64));
            assertThat(file.sha256()).matches("[0-9a-f]{64}");
            assertThat(file.norm("feature_norm.1")).hasSize(64);
            assertThat(file.query().shape()).isEqualTo(List.of(2L * 4 * 16, 128L));
            file.config().requireFits(model());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "groups | 3 | groups must be in 1..2 but is 3",
                "query_heads | 3 | query_heads (3) must be a multiple of kv_heads (2)",
                "head_dim | 15 | head_dim must be even but is 15",
                "key_features | both | its keys must be fed with the features of their own position",
                "weight_block | 64 | its weights must come in blocks of 32",
                "rope_base | 0 | rope_base must be positive",
                "trained_length | 0 | trained_length must be positive",
            })
    void refusesAConfigThatCannotBe(String name, String value, String reason) throws IOException {
        TinyHead head = head();
        head.config.put(name, value.matches("\\d+") ? (Object) Integer.valueOf(value) : value);
        assertThatThrownBy(() -> open(head))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void refusesLayersThatDoNotAscendOrDoNotExist() throws IOException {
        TinyHead head = head();
        head.config.put("feature_layers", List.of(1, 1));
        assertThatThrownBy(() -> open(head)).hasMessageContaining("feature_layers must ascend within 0..1");
        head.config.put("feature_layers", List.of(0, 2));
        assertThatThrownBy(() -> open(head)).hasMessageContaining("feature_layers must ascend within 0..1");
        head.config.put("feature_layers", List.of(0, 1));
        head.config.put("group_of_layer", List.of(1, 0));
        assertThatThrownBy(() -> open(head)).hasMessageContaining("group_of_layer must name each of the 2 groups");
    }

    @Test
    void refusesOtherFilesAndLackingTensors() throws IOException {
        TinyHead other = head();
        other.metadata.put("format", "something");
        assertThatThrownBy(() -> open(other)).hasMessageContaining("it is no retrieval head of version 1");
        TinyHead lacking = head().without("fuse.scales");
        try (RetrievalHeadFile file = open(lacking)) {
            assertThatThrownBy(file::fuse).hasMessageContaining("has no tensor fuse.scales");
        }
        Path text = Files.writeString(directory.resolve("text"), "no safetensors file");
        assertThatThrownBy(() -> RetrievalHeadFile.open(text)).isInstanceOf(ModelFormatException.class);
    }

    @Test
    void refusesAnotherModel() throws IOException {
        TinyHead head = head();
        head.config.put("vocabulary", 99);
        try (RetrievalHeadFile file = open(head)) {
            RetrievalHeadConfig config = file.config();
            assertThatThrownBy(() -> config.requireFits(model()))
                    .hasMessageContaining("99 tokens, the model has 2 layers");
        }
        TinyHead many = new TinyHead(model(), 2, 4, 4, 16);
        try (RetrievalHeadFile file = open(many)) {
            RetrievalHeadConfig config = file.config();
            assertThatThrownBy(() -> config.requireFits(model()))
                    .hasMessageContaining("selects for 4 KV heads, the model has 2");
        }
    }
}
