package dev.contexture.engine.ort;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.Precision;
import dev.contexture.core.Sparsity;
import dev.contexture.core.SparsityMode;
import dev.contexture.engine.SequenceSparsity;
import dev.contexture.golden.GoldenPrompt;
import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.gguf.GgufModelSource;
import dev.contexture.model.head.BuiltInHeads;
import dev.contexture.model.head.RetrievalHeadFile;
import dev.contexture.selection.SelectionSettings;
import dev.contexture.testing.DefaultModel;
import java.io.IOException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The head in the jar on the model that it was trained for: a sixth of the context gives nearly the dense distribution. */
class BuiltInHeadIT {
    private static final int WINDOW_TOKENS = 64;
    private static final int BUDGET = 512;
    private static final int CHUNK_TOKENS = 512;
    /** Of the mean over the window; choosing by anything but attention gives some .25 at this budget and length. */
    private static final double MAX_MEAN_KL = 0.03;

    @Test
    void aBudgetOf512IsNearlyDenseAt4096() throws IOException {
        int[] tokens = GoldenPrompt.all().stream()
                .filter(golden -> golden.name().equals("mixed-4096"))
                .findFirst()
                .orElseThrow()
                .prompt();
        String sha256 = DefaultModel.files().sha256();
        try (ModelSource source = GgufModelSource.open(DefaultModel.path());
                RetrievalHeadFile head = RetrievalHeadFile.open(
                        BuiltInHeads.unpack(sha256, DefaultModel.directory().resolve("heads"))
                                .orElseThrow());
                LoadedModel model = new LoadedModel(
                        source,
                        sha256,
                        Precision.FAST,
                        DefaultModel.directory(),
                        2 * tokens.length,
                        Optional.of(head),
                        SelectionSettings.DEFAULT)) {
            assertThat(head.targetSha256()).isEqualTo(sha256);
            float[][] dense = window(model, tokens, Sparsity.DENSE);
            float[][] sparse = window(model, tokens, new Sparsity(SparsityMode.TOKENS, BUDGET, 4, 64, BUDGET));
            double sum = 0;
            for (int step = 0; step < WINDOW_TOKENS; step++) {
                sum += divergence(dense[step], sparse[step]);
            }
            double mean = sum / WINDOW_TOKENS;
            System.out.printf(Locale.ROOT, "mean KL to dense at 4096 tokens, budget %d: %.4f%n", BUDGET, mean);
            assertThat(mean).isPositive().isLessThan(MAX_MEAN_KL);
        }
    }

    /** Logits behind each of the last tokens, fed one by one. */
    private static float[][] window(LoadedModel model, int[] tokens, Sparsity policy) {
        SequenceSparsity sparsity = new SequenceSparsity(policy, SelectionSettings.DEFAULT);
        int first = tokens.length - WINDOW_TOKENS;
        float[][] logits = new float[WINDOW_TOKENS][];
        try (LoadedModel.Run run = model.newRun()) {
            for (int begin = 0; begin < first; begin += CHUNK_TOKENS) {
                int end = Math.min(first, begin + CHUNK_TOKENS);
                run.feed(Arrays.copyOfRange(tokens, begin, end), 1, Optional.of(sparsity));
            }
            sparsity.beginDecode();
            for (int step = 0; step < WINDOW_TOKENS; step++) {
                logits[step] = run.feed(new int[] {tokens[first + step]}, 1, Optional.of(sparsity))[0];
            }
        }
        boolean sparse = policy.mode() != SparsityMode.DENSE;
        assertThat(sparsity.usage().sparseSteps()).isEqualTo(sparse ? WINDOW_TOKENS : 0);
        return logits;
    }

    private static double divergence(float[] dense, float[] sparse) {
        double denseSum = logSum(dense);
        double sparseSum = logSum(sparse);
        double sum = 0;
        for (int i = 0; i < dense.length; i++) {
            double p = dense[i] - denseSum;
            sum += Math.exp(p) * (p - (sparse[i] - sparseSum));
        }
        return sum;
    }

    private static double logSum(float[] logits) {
        double highest = Double.NEGATIVE_INFINITY;
        for (float logit : logits) {
            highest = Math.max(highest, logit);
        }
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - highest);
        }
        return highest + Math.log(sum);
    }
}
