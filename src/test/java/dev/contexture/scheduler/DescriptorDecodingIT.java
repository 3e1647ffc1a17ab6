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

/** The default model without its head: long prompts are decoded sparsely by descriptors. */
class DescriptorDecodingIT {
    private static final int PROMPT_TOKENS = 3000;
    private static final int OUTPUT_TOKENS = 24;
    private static final int LAYERS = 30;
    private static final int KV_HEADS = 3;
    private static final int CHUNKS = 64;

    @Test
    void aLongPromptIsDecodedSparselyAndAWideBudgetGivesTheDenseText() throws IOException {
        try (LoadedModel model = load()) {
            List<Integer> dense;
            try (DescriptorRuns runs = new DescriptorRuns(model, Kind.MIN_MAX, LAYERS, CHUNKS)) {
                dense = run(runs, Sparsity.DENSE).tokens;
                RecordingSink wide = run(runs, sparsity(4096));
                assertThat(wide.tokens).isEqualTo(dense);
                assertThat(wide.sparsity.sparseSteps()).isZero();
            }
            for (Kind kind : Kind.values()) {
                for (int groups : new int[] {LAYERS, 3}) {
                    try (DescriptorRuns runs = new DescriptorRuns(model, kind, groups, CHUNKS)) {
                        checkSparse(runs, groups, "%s, %d groups".formatted(kind, groups), dense);
                    }
                }
            }
        }
    }

    /** The prompt is in the prefix cache by now: its blocks are described without having been computed. */
    private static void checkSparse(DescriptorRuns runs, int groups, String what, List<Integer> dense) {
        RecordingSink sink = run(runs, sparsity(512));
        assertThat(sink.tokens).as(what).hasSize(OUTPUT_TOKENS);
        // The first token's row belongs to the prompt.
        assertThat(sink.sparsity.sparseSteps()).as(what).isEqualTo(OUTPUT_TOKENS - 1);
        assertThat(sink.sparsity.fallbackSteps()).as(what).isZero();
        assertThat(sink.sparsity.meanSelectedMass()).as(what).isBetween(0.2, 1.0);
        assertThat(runs.retriever.lists).as(what).isEqualTo((OUTPUT_TOKENS - 1) * groups * KV_HEADS);
        assertThat(runs.descriptors.bytes()).as("left behind").isZero();
        int equal = 0;
        while (equal < OUTPUT_TOKENS && sink.tokens.get(equal).equals(dense.get(equal))) {
            equal++;
        }
        System.out.printf("%s, budget 512 of %d: the first %d tokens are those of dense%n", what, PROMPT_TOKENS, equal);
    }

    private static RecordingSink run(DescriptorRuns runs, Sparsity sparsity) {
        return runs.run(List.of(prompt()), OUTPUT_TOKENS, sparsity, "salt").getFirst();
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
