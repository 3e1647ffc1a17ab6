package dev.contexture.engine.ort;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.golden.GoldenRows;
import java.util.Arrays;
import org.assertj.core.data.Offset;

/** Compares a loaded model with golden rows. */
final class GoldenAssertions {
    private GoldenAssertions() {}

    /** All logits in one prefill, and again in chunks of uneven size with one-token steps at the end. */
    static void assertSameLogits(LoadedModel model, GoldenRows golden, Offset<Float> tolerance) {
        int rows = golden.rows().length;
        try (LoadedModel.Run whole = model.newRun();
                LoadedModel.Run chunked = model.newRun()) {
            float[][] logits = whole.feed(golden.tokens(), rows);
            for (int row = 0; row < rows; row++) {
                assertThat(logits[row]).as("row %d", row).containsExactly(golden.rows()[row], tolerance);
            }
            int promptTokens = golden.prompt().length;
            float[] last = chunked.feedInChunks(golden.prompt(), 7);
            for (int i = 0; i < golden.greedy().length; i++) {
                assertThat(last)
                        .as("step %d", i)
                        .containsExactly(golden.rows()[promptTokens - 1 - golden.firstPosition() + i], tolerance);
                if (i < golden.greedy().length - 1) {
                    last = chunked.feed(new int[] {golden.greedy()[i]}, 1)[0];
                }
            }
        }
    }

    static void assertSameGreedyTokens(LoadedModel model, GoldenRows golden) {
        int[] prompt = golden.prompt();
        try (LoadedModel.Run run = model.newRun()) {
            run.feed(Arrays.copyOf(prompt, prompt.length - 1), 1);
            int[] greedy = run.greedy(model.engine(), prompt[prompt.length - 1], golden.greedy().length);
            assertThat(greedy).containsExactly(golden.greedy());
        }
    }
}
