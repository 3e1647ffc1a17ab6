package dev.contexture.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.Precision;
import dev.contexture.core.Sparsity;
import dev.contexture.core.SparsityMode;
import dev.contexture.engine.ort.LoadedModel;
import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.safetensors.SafetensorsModelSource;
import dev.contexture.nativelib.FfmDescriptors.Kind;
import dev.contexture.selection.SelectionSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Random models of each family, none of which has a head, are decoded sparsely by descriptors. */
class DescriptorDecodingTest {
    private static final Path GOLDEN = Path.of("src", "test", "resources", "golden", "tiny");
    private static final int OUTPUT_TOKENS = 40;

    @TempDir
    static Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"llama3", "llama-linear", "mistral", "mistral-window", "qwen2", "qwen3"})
    void everyFamilyIsDecodedSparselyWithinTheBudget(String name) throws IOException {
        try (LoadedModel model = load(name);
                DescriptorRuns runs =
                        new DescriptorRuns(model, Kind.MIN_MAX, model.config().layers(), 8)) {
            List<int[]> prompts = List.of(prompt(model, 150, 1), prompt(model, 37, 2), prompt(model, 90, 3));
            List<RecordingSink> together = runs.run(prompts, OUTPUT_TOKENS, sparsity(SparsityMode.AUTO), "together");
            for (int i = 0; i < prompts.size(); i++) {
                RecordingSink alone = runs.run(
                                List.of(prompts.get(i)), OUTPUT_TOKENS, sparsity(SparsityMode.AUTO), "alone")
                        .getFirst();
                assertThat(together.get(i).tokens).as("prompt %d", i).isEqualTo(alone.tokens);
                assertThat(alone.sparsity.fallbackSteps()).isZero();
                assertThat(alone.sparsity.sparseSteps()).isPositive();
            }
            assertThat(runs.retriever.lists).isPositive();
            assertThat(runs.descriptors.bytes()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = SparsityMode.class,
            names = {"TOKENS", "BLOCKS", "TWO_LEVEL"})
    void everyModeWorksOnGroupsOfLayers(SparsityMode mode) throws IOException {
        try (LoadedModel model = load("llama3");
                DescriptorRuns runs = new DescriptorRuns(model, Kind.MEAN, 1, 8)) {
            RecordingSink sink = runs.run(List.of(prompt(model, 150, 1)), OUTPUT_TOKENS, sparsity(mode), mode.name())
                    .getFirst();
            assertThat(sink.tokens).hasSize(OUTPUT_TOKENS);
            assertThat(sink.sparsity.sparseSteps()).isEqualTo(OUTPUT_TOKENS - 1);
            assertThat(sink.sparsity.meanSelectedMass()).isBetween(0.0, 1.0);
        }
    }

    @Test
    void chunksMaySeeASelectionOfWhatIsBeforeThem() throws IOException {
        SelectionSettings plain = SelectionSettings.DEFAULT;
        SelectionSettings bounded = new SelectionSettings(
                plain.heads(), plain.pooling(), 0, 1, plain.confidence(), new SelectionSettings.PrefillBound(64, 8));
        try (LoadedModel model = load("llama3");
                DescriptorRuns runs =
                        new DescriptorRuns(model, Kind.MIN_MAX, model.config().layers(), 8, bounded, 32)) {
            RecordingSink sink = runs.run(
                            List.of(prompt(model, 190, 1)), OUTPUT_TOKENS, sparsity(SparsityMode.AUTO), "bounded")
                    .getFirst();
            assertThat(sink.failure).isNull();
            assertThat(sink.tokens).hasSize(OUTPUT_TOKENS);
            // Chunks behind 96, 128 and 160 tokens select, and each decode row.
            assertThat(runs.retriever.lists)
                    .isEqualTo((3L + OUTPUT_TOKENS - 1)
                            * model.config().layers()
                            * model.config().kvHeads());
        }
    }

    @Test
    void withoutRoomRowsAttendToEverything() throws IOException {
        try (LoadedModel model = load("llama3");
                DescriptorRuns runs =
                        new DescriptorRuns(model, Kind.MIN_MAX, model.config().layers(), 1)) {
            List<int[]> prompts = List.of(prompt(model, 150, 1), prompt(model, 150, 2));
            List<RecordingSink> sinks = runs.run(prompts, OUTPUT_TOKENS, sparsity(SparsityMode.AUTO), "both");
            long sparse = 0;
            long fallen = 0;
            for (RecordingSink sink : sinks) {
                assertThat(sink.tokens).hasSize(OUTPUT_TOKENS);
                sparse += sink.sparsity.sparseSteps();
                fallen += sink.sparsity.fallbackSteps();
            }
            assertThat(sparse).as("of the sequence that came first").isPositive();
            assertThat(fallen).as("of the other").isPositive();
            assertThat(runs.descriptors.bytes()).isZero();
        }
    }

    private static LoadedModel load(String name) throws IOException {
        try (ModelSource source = SafetensorsModelSource.open(GOLDEN.resolve(name))) {
            return new LoadedModel(source, name, Precision.EXACT, directory, 1024);
        }
    }

    private static int[] prompt(LoadedModel model, int tokens, int seed) {
        int[] prompt = new int[tokens];
        for (int i = 0; i < tokens; i++) {
            prompt[i] = Math.floorMod(
                    (i + seed) * 7919 * (i % 13 + seed), model.config().vocabulary());
        }
        return prompt;
    }

    private static Sparsity sparsity(SparsityMode mode) {
        return new Sparsity(mode, 60, 2, 8, 120);
    }
}
