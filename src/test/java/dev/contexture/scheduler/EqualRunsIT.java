package dev.contexture.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.Precision;
import dev.contexture.engine.ort.LoadedModel;
import dev.contexture.golden.GoldenPrompt;
import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.gguf.GgufModelSource;
import dev.contexture.scheduler.RecordingSink.Manner;
import dev.contexture.testing.DefaultModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * However the scheduler cuts and mixes the work, in the exact mode every sequence has the tokens that it has alone and in one
 * piece. In the fast mode products of one row and of several are rounded otherwise; what that changes is printed.
 */
class EqualRunsIT {
    private static final int MAX_TOKENS = 32;
    private static final int LONGEST_PROMPT = 1100;

    @Test
    void exactModeGivesTheSameTokensHoweverTheWorkIsCut() throws IOException {
        List<String> differences = differences(Precision.EXACT);
        assertThat(differences).isEmpty();
    }

    @Test
    void fastModeSaysWhatVaries() throws IOException {
        List<String> differences = differences(Precision.FAST);
        System.out.println("fast mode, sequences that differ from their single run: " + differences);
        assertThat(differences).as("most are equal").hasSizeLessThan(12);
    }

    private static List<String> differences(Precision precision) throws IOException {
        List<int[]> prompts = GoldenPrompt.all().stream()
                .map(GoldenPrompt::prompt)
                .filter(prompt -> prompt.length <= LONGEST_PROMPT)
                .toList();
        assertThat(prompts).hasSizeGreaterThanOrEqualTo(5);
        List<String> differences = new ArrayList<>();
        try (ModelSource source = GgufModelSource.open(DefaultModel.path());
                LoadedModel model = new LoadedModel(source, "default", precision, DefaultModel.directory(), 16_384)) {
            List<List<Integer>> alone = new ArrayList<>();
            for (int[] prompt : prompts) {
                alone.add(run(model, 4096, List.of(prompt), "alone").getFirst());
            }
            compare("in chunks", alone, oneByOne(model, 48, prompts, "chunks"), differences);
            compare("in one batch", alone, run(model, 512, prompts, "batch"), differences);
            compare("on cached prefixes", alone, oneByOne(model, 512, prompts, "batch"), differences);
        }
        return differences;
    }

    private static List<List<Integer>> oneByOne(LoadedModel model, int rows, List<int[]> prompts, String salt) {
        List<List<Integer>> outputs = new ArrayList<>();
        for (int[] prompt : prompts) {
            outputs.add(run(model, rows, List.of(prompt), salt).getFirst());
        }
        return outputs;
    }

    /** All prompts at once, with steps of at most {@code rows}. */
    private static List<List<Integer>> run(LoadedModel model, int rows, List<int[]> prompts, String salt) {
        SchedulerConfig config = new SchedulerConfig(rows, 16, 64, 1_000_000, 8192);
        SchedulerLoop loop = new SchedulerLoop(
                model.kv(), model.engine(), config, new CountingListener(), System::nanoTime, () -> 1);
        List<RecordingSink> sinks = new ArrayList<>();
        for (int[] prompt : prompts) {
            RecordingSink sink = new RecordingSink(Manner.PLAIN);
            sinks.add(sink);
            loop.submit(List.of(LoopFixture.request(prompt, MAX_TOKENS, salt, sink)));
        }
        while (loop.turn()) {
            // until all have ended
        }
        return sinks.stream().map(sink -> List.copyOf(sink.tokens)).toList();
    }

    private static void compare(
            String how, List<List<Integer>> alone, List<List<Integer>> other, List<String> differences) {
        for (int i = 0; i < alone.size(); i++) {
            assertThat(other.get(i)).hasSize(MAX_TOKENS);
            if (!alone.get(i).equals(other.get(i))) {
                int at = 0;
                while (alone.get(i).get(at).equals(other.get(i).get(at))) {
                    at++;
                }
                differences.add("prompt " + i + " " + how + " from token " + at);
            }
        }
    }
}
