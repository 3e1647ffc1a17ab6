package dev.contexture.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.core.ExecutionProvider;
import dev.contexture.engine.Engine;
import dev.contexture.model.arch.ModelConfig;
import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.arch.TensorData;
import dev.contexture.model.arch.TensorDecoder;
import dev.contexture.model.arch.TensorType;
import dev.contexture.model.head.RetrievalHeadFile;
import dev.contexture.model.safetensors.SafetensorsModelSource;
import dev.contexture.model.store.ModelFiles;
import dev.contexture.model.tokenizer.DjlTokenizer;
import dev.contexture.model.tokenizer.Tokenizer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Objects;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Models of random weights are sound checkpoints that the engine runs. */
class RandomModelTest {
    private static final long SEED = 3;
    private static final long SHARD_BYTES = 400_000;

    @TempDir
    private Path directory;

    private ModelFiles tiny() throws IOException {
        return RandomModel.of("tiny", ModelShape.TINY.configJson(), SEED, directory, SHARD_BYTES);
    }

    @Test
    void aFolderIsACheckpointOfSeveralFiles() throws IOException {
        ModelFiles model = tiny();
        try (Stream<Path> files = Files.list(model.path())) {
            assertThat(files.filter(file -> file.toString().endsWith(".safetensors"))
                            .toList())
                    .hasSizeGreaterThan(2)
                    .allSatisfy(file -> assertThat(Files.size(file)).isBetween(1L, SHARD_BYTES + 2_000));
        }
        try (ModelSource source = SafetensorsModelSource.open(model.path());
                DjlTokenizer tokenizer = DjlTokenizer.of(source.tokenizer())) {
            assertThat(source.config().layers()).isEqualTo(4);
            assertThat(tokenizer.vocabularySize())
                    .isLessThanOrEqualTo(source.config().vocabulary());
            String text = "Any text: ÄÖ €\n";
            ByteArrayOutputStream decoded = new ByteArrayOutputStream();
            for (int token : tokenizer.encode(text, Tokenizer.SpecialTokens.AS_TEXT)) {
                decoded.writeBytes(tokenizer.tokenBytes(token));
            }
            assertThat(decoded.toString(StandardCharsets.UTF_8)).isEqualTo(text);
            float[] weights = new float[192 * 128];
            TensorData up = Objects.requireNonNull(source.tensors().get("model.layers.1.mlp.up_proj.weight"));
            TensorDecoder.decode(up, 0, weights);
            assertThat(deviation(weights)).isCloseTo(0.02, Offset.offset(0.001));
        }
    }

    private static double deviation(float[] values) {
        double sum = 0;
        double squares = 0;
        for (float value : values) {
            sum += value;
            squares += value * value;
        }
        double mean = sum / values.length;
        return Math.sqrt(squares / values.length - mean * mean);
    }

    @Test
    void theSameIsNotWrittenTwice() throws IOException {
        Path config = tiny().path().resolve("config.json");
        Files.setLastModifiedTime(config, FileTime.fromMillis(1000));
        assertThat(Files.getLastModifiedTime(tiny().path().resolve("config.json"))
                        .toMillis())
                .isEqualTo(1000);
        ModelFiles other = RandomModel.of("tiny", ModelShape.TINY.configJson(), SEED + 1, directory, SHARD_BYTES);
        assertThat(Files.getLastModifiedTime(config).toMillis()).isGreaterThan(1000);
        assertThat(other.sha256()).isNotEqualTo(tiny().sha256());
    }

    @Test
    void refusesFamiliesWhoseTensorsItDoesNotKnow() {
        assertThatThrownBy(() -> RandomModel.of("other", "{\"model_type\":\"gpt2\"}", SEED, directory, SHARD_BYTES))
                .hasMessageContaining("not gpt2");
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void aHeadFitsItsModel() throws IOException {
        ModelFiles model = tiny();
        try (ModelSource source = SafetensorsModelSource.open(model.path())) {
            ModelConfig config = source.config();
            Path file = directory.resolve("head.safetensors");
            RandomHead.write(file, config, model.sha256(), new RandomHead.Shape(2, 4, 32), SEED);
            try (RetrievalHeadFile head = RetrievalHeadFile.open(file)) {
                head.config().requireFits(config);
                assertThat(head.targetSha256()).isEqualTo(model.sha256());
                assertThat(head.config().groupOfLayer()).containsExactly(0, 0, 1, 1);
                assertThat(head.config().featureLayers()).containsExactly(0, 2, 3);
                assertThat(head.fuse().shape()).containsExactly(128L, 384L);
                assertThat(head.query().shape()).containsExactly(2L * 4 * 32, 256L);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"Q4_0, 8", "Q8_0, 127"})
    void itsWeightsAreQuantisedToTheNearestCodes(TensorType type, int steps) throws IOException {
        String name = "model.layers.1.mlp.down_proj.weight";
        try (ModelSource plain = SafetensorsModelSource.open(tiny().path());
                ModelSource source = new RequantisedSource(SafetensorsModelSource.open(tiny().path()), type)) {
            TensorData tensor = Objects.requireNonNull(source.tensors().get(name));
            assertThat(tensor.type()).isEqualTo(type);
            float[] expected = new float[64];
            float[] actual = new float[64];
            TensorDecoder.decode(Objects.requireNonNull(plain.tensors().get(name)), 128, expected);
            TensorDecoder.decode(tensor, 128, actual);
            for (int block = 0; block < 64; block += 32) {
                float largest = 0;
                for (int i = block; i < block + 32; i++) {
                    largest = Math.max(largest, Math.abs(expected[i]));
                }
                for (int i = block; i < block + 32; i++) {
                    // The last code of four bits is missing on one side.
                    float bound = largest / steps * (type == TensorType.Q4_0 ? 1.01f : 0.51f);
                    assertThat(actual[i]).isCloseTo(expected[i], Offset.offset(bound));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"BF16", "Q4_0", "Q8_0"})
    void theEngineDecodesItSparselyAndDensely(BenchWeights weights) throws IOException {
        DeviceParts.Settings settings = new DeviceParts.Settings(
                ExecutionProvider.CPU,
                directory,
                ModelShape.TINY,
                weights,
                new RandomHead.Shape(2, 2, 32),
                SEED,
                5_000_000,
                100_000,
                0,
                3,
                80,
                1);
        StepTimes times = new StepTimes();
        try (DeviceParts parts = new DeviceParts(settings)) {
            Engine dense = parts.engine(false, times);
            Engine sparse = parts.engine(true, times);
            GrowingBatch.Settings sequences = new GrowingBatch.Settings(parts.policy(80), 64, SEED);
            try (GrowingBatch batch = new GrowingBatch(parts, sequences, 3, dense, sparse)) {
                assertThat(batch.growTo(79, times).seconds(79, true)).isPositive();
                assertThat(batch.selectsNext()).isFalse();
                batch.growTo(100, times);
                assertThat(batch.selectsNext()).isTrue();
                batch.decode(true, 5, times);
                batch.decode(false, 2, times);
                assertThat(batch.length()).isEqualTo(107);
                batch.growTo(130, times);
                batch.decode(true, 4, times);
                assertThat(batch.fallbackSteps()).isZero();
                assertThat(times.row()).containsKeys("step_ms", "select_ms", "run_ms");
                assertThat(times.mean(StepTimes.Step::select)).isPositive();
                assertThat(times.mean(StepTimes.Step::total)).isGreaterThan(times.mean(StepTimes.Step::run));
            }
            assertThat(parts.kv().availablePages()).isEqualTo(parts.memory().pages());
        }
    }
}
