package dev.contexture.engine.ort;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.Precision;
import dev.contexture.golden.GoldenPrompt;
import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.gguf.GgufModelSource;
import dev.contexture.testing.DefaultModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** The default model against transformers in float32 on ten prompts of 16 to 4,096 tokens. */
class DefaultModelParityIT {
    private static final double MAX_LOGIT_ERROR = 1e-3;
    private static final double MAX_MEAN_KL = 5e-3;
    private static final int CHUNK_TOKENS = 512;
    private static final int CAPACITY_TOKENS = 8192;

    @Test
    void exactModeGivesTheSameLogitsAndTokens() throws IOException {
        List<String> report = new ArrayList<>();
        List<String> wrong = new ArrayList<>();
        try (LoadedModel model = load(Precision.EXACT)) {
            for (GoldenPrompt golden : GoldenPrompt.all()) {
                try (LoadedModel.Run run = model.newRun()) {
                    float[] logits = run.feedInChunks(golden.prompt(), CHUNK_TOKENS);
                    double error = maxError(logits, golden.logits());
                    int[] greedy = greedy(run, logits, golden.greedy().length);
                    boolean equal = Arrays.equals(greedy, golden.greedy());
                    report.add(String.format(
                            Locale.ROOT,
                            "%-20s %5d tokens  max logit error %.2e  greedy %s",
                            golden.name(),
                            golden.prompt().length,
                            error,
                            equal ? "equal" : "differs"));
                    if (error > MAX_LOGIT_ERROR || !equal) {
                        wrong.add(report.getLast());
                    }
                }
            }
        }
        print("exact mode against transformers", report);
        assertThat(wrong).isEmpty();
    }

    @Test
    void fastModeIsAsNearAsLlamaCpp() throws IOException {
        List<String> report = new ArrayList<>();
        double sum = 0;
        int prompts = 0;
        try (LoadedModel model = load(Precision.FAST)) {
            for (GoldenPrompt golden : GoldenPrompt.all()) {
                double kl = meanKl(model, golden);
                report.add(String.format(
                        Locale.ROOT, "%-20s %5d tokens  mean KL %.2e", golden.name(), golden.prompt().length, kl));
                sum += kl;
                prompts++;
            }
        }
        double mean = sum / prompts;
        double llamaCpp = GoldenPrompt.llamaCppMeanKl();
        report.add(String.format(Locale.ROOT, "mean KL %.3e, llama.cpp %.3e", mean, llamaCpp));
        print("fast mode against transformers", report);
        assertThat(mean).isLessThanOrEqualTo(MAX_MEAN_KL).isLessThanOrEqualTo(llamaCpp);
    }

    private static LoadedModel load(Precision precision) throws IOException {
        try (ModelSource source = GgufModelSource.open(DefaultModel.path())) {
            return new LoadedModel(source, "default", precision, DefaultModel.directory(), CAPACITY_TOKENS);
        }
    }

    private static int[] greedy(LoadedModel.Run run, float[] firstLogits, int steps) {
        int[] output = new int[steps];
        float[] logits = firstLogits;
        for (int i = 0; i < steps; i++) {
            output[i] = argmax(logits);
            if (i < steps - 1) {
                logits = run.feed(new int[] {output[i]}, 1)[0];
            }
        }
        return output;
    }

    /** Over the reference's own tokens, so that every step is compared whatever this mode would have said. */
    private static double meanKl(LoadedModel model, GoldenPrompt golden) {
        try (LoadedModel.Run run = model.newRun()) {
            float[] logits = run.feedInChunks(golden.prompt(), CHUNK_TOKENS);
            double sum = 0;
            int steps = golden.greedy().length;
            for (int step = 0; step < steps; step++) {
                sum += golden.kl(step, logits);
                if (step < steps - 1) {
                    logits = run.feed(new int[] {golden.greedy()[step]}, 1)[0];
                }
            }
            return sum / steps;
        }
    }

    private static double maxError(float[] logits, float[] reference) {
        double error = 0;
        for (int i = 0; i < reference.length; i++) {
            error = Math.max(error, Math.abs(logits[i] - reference[i]));
        }
        return error;
    }

    private static int argmax(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        return best;
    }

    private static void print(String title, List<String> lines) {
        System.out.println(title + System.lineSeparator() + String.join(System.lineSeparator(), lines));
    }
}
