package dev.contexture.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.Precision;
import dev.contexture.core.Sparsity;
import dev.contexture.core.SparsityMode;
import dev.contexture.engine.ort.LoadedModel;
import dev.contexture.golden.GoldenPrompt;
import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.gguf.GgufModelSource;
import dev.contexture.nativelib.FfmDescriptors.Kind;
import dev.contexture.testing.DefaultModel;
import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The default model without its head: long prompts are decoded sparsely by descriptors. */
class DescriptorDecodingIT {
    private static final int PROMPT_TOKENS = 3000;
    private static final int OUTPUT_TOKENS = 24;

    @ParameterizedTest
    @CsvSource({"MIN_MAX,30", "MEAN,30", "MIN_MAX,3"})
    void aLongPromptIsDecodedSparsely(Kind kind, int groups) throws IOException {
        try (LoadedModel model = load();
                DescriptorRuns runs = new DescriptorRuns(model, kind, groups, 64)) {
            RecordingSink sink = runs.run(List.of(prompt()), OUTPUT_TOKENS, sparsity(512), "sparse")
                    .getFirst();
            assertThat(sink.tokens).hasSize(OUTPUT_TOKENS);
            // The first token's row belongs to the prompt.
            assertThat(sink.sparsity.sparseSteps()).isEqualTo(OUTPUT_TOKENS - 1);
            assertThat(sink.sparsity.fallbackSteps()).isZero();
            assertThat(sink.sparsity.meanSelectedMass()).isBetween(0.2, 1.0);
            assertThat(runs.retriever.lists).isEqualTo((OUTPUT_TOKENS - 1) * groups * 3);
            assertThat(runs.descriptors.bytes()).as("left behind").isZero();
            RecordingSink cached = runs.run(List.of(prompt()), OUTPUT_TOKENS, sparsity(512), "sparse")
                    .getFirst();
            assertThat(cached.sparsity.sparseSteps()).as("on a cached prefix").isEqualTo(OUTPUT_TOKENS - 1);
        }
    }

    @Test
    void aBudgetThatHoldsTheContextGivesTheDenseText() throws IOException {
        try (LoadedModel model = load();
                DescriptorRuns runs = new DescriptorRuns(model, Kind.MIN_MAX, 30, 64)) {
            RecordingSink dense = runs.run(List.of(prompt()), OUTPUT_TOKENS, Sparsity.DENSE, "dense")
                    .getFirst();
            RecordingSink wide = runs.run(List.of(prompt()), OUTPUT_TOKENS, sparsity(4096), "wide")
                    .getFirst();
            assertThat(wide.tokens).isEqualTo(dense.tokens);
            assertThat(wide.sparsity.sparseSteps()).isZero();
            RecordingSink sparse = runs.run(List.of(prompt()), OUTPUT_TOKENS, sparsity(1024), "sparse")
                    .getFirst();
            System.out.println("dense  " + dense.tokens + System.lineSeparator() + "sparse " + sparse.tokens);
        }
    }

    private static LoadedModel load() throws IOException {
        try (ModelSource source = GgufModelSource.open(DefaultModel.path())) {
            return new LoadedModel(source, "default", Precision.FAST, DefaultModel.directory(), 16_384);
        }
    }

    private static int[] prompt() {
        GoldenPrompt longest = GoldenPrompt.all().stream()
                .max(Comparator.comparing(golden -> golden.prompt().length))
                .orElseThrow();
        return Arrays.copyOf(longest.prompt(), PROMPT_TOKENS);
    }

    private static Sparsity sparsity(int budget) {
        return new Sparsity(SparsityMode.AUTO, budget, 4, 64, 4 * budget);
    }
}
