package dev.contexture.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.Precision;
import dev.contexture.core.SamplingParams;
import dev.contexture.core.Sparsity;
import dev.contexture.core.SparsityMode;
import dev.contexture.core.SparsityUsage;
import dev.contexture.engine.ort.LoadedModel;
import dev.contexture.kv.KvInvariants;
import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.head.RetrievalHeadFile;
import dev.contexture.model.safetensors.SafetensorsModelSource;
import dev.contexture.scheduler.RecordingSink.Manner;
import dev.contexture.selection.SelectionSettings;
import dev.contexture.selection.SelectionSettings.Confidence;
import dev.contexture.selection.SelectionSettings.PrefillBound;
import dev.contexture.testing.TinyHead;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Sequences of every mode through the real loop, on a tiny model with a random head, in the exact mode. */
class SparseRunsTest {
    private static final Path TINY = Path.of("src", "test", "resources", "golden", "tiny", "llama3");
    private static final int MAX_TOKENS = 40;
    private static final SelectionSettings EVERY_STEP = SelectionSettings.DEFAULT;

    @TempDir
    private static Path directory;

    /** A request and what came of it. */
    private record Job(int[] prompt, Sparsity sparsity, String salt) {}

    private static Sparsity sparse(SparsityMode mode) {
        return new Sparsity(mode, 48, 4, 16, 80);
    }

    private static SelectionSettings settings(
            int firstDenseLayers, int reuseInterval, Confidence confidence, PrefillBound prefill) {
        return new SelectionSettings(
                EVERY_STEP.heads(), EVERY_STEP.pooling(), firstDenseLayers, reuseInterval, confidence, prefill);
    }

    private static int[] prompt(int seed, int length) {
        return new Random(seed).ints(length, 2, 288).toArray();
    }

    private static LoadedModel load(boolean withHead, SelectionSettings settings) throws IOException {
        try (ModelSource source = SafetensorsModelSource.open(TINY)) {
            if (!withHead) {
                return new LoadedModel(source, "tiny", Precision.EXACT, directory, 4096);
            }
            Path file = new TinyHead(source.config(), 2, 2, 4, 16).write(directory.resolve("head.safetensors"));
            try (RetrievalHeadFile head = RetrievalHeadFile.open(file)) {
                return new LoadedModel(source, "tiny", Precision.EXACT, directory, 4096, Optional.of(head), settings);
            }
        }
    }

    private static List<RecordingSink> run(LoadedModel model, int rows, List<Job> jobs) {
        return run(model, new SchedulerConfig(rows, 16, 64, 1_000_000, 256), new CountingListener(), jobs);
    }

    private static List<RecordingSink> run(
            LoadedModel model, SchedulerConfig config, CountingListener listener, List<Job> jobs) {
        SchedulerLoop loop = new SchedulerLoop(model.kv(), model.engine(), config, listener, System::nanoTime, () -> 1);
        List<RecordingSink> sinks = new ArrayList<>();
        for (Job job : jobs) {
            RecordingSink sink = new RecordingSink(Manner.PLAIN);
            sinks.add(sink);
            loop.submit(List.of(new SequenceRequest(
                    job.prompt, MAX_TOKENS, Set.of(), SamplingParams.GREEDY, "t", job.salt, job.sparsity, sink)));
        }
        while (loop.turn()) {
            // until all have ended
        }
        return sinks;
    }

    private static RecordingSink alone(LoadedModel model, int[] prompt, Sparsity sparsity, String salt) {
        return run(model, 4096, List.of(new Job(prompt, sparsity, salt))).getFirst();
    }

    @Test
    void denseSequencesAreThoseOfAGraphWithoutAHead() throws IOException {
        int[] prompt = prompt(1, 150);
        List<Integer> plain;
        try (LoadedModel model = load(false, EVERY_STEP)) {
            plain = alone(model, prompt, Sparsity.DENSE, "a").tokens;
        }
        try (LoadedModel model = load(true, EVERY_STEP)) {
            RecordingSink sink = alone(model, prompt, Sparsity.DENSE, "a");
            assertThat(sink.tokens).isEqualTo(plain);
            assertThat(usage(sink)).isEqualTo(new SparsityUsage(SparsityMode.DENSE, 0, 0, MAX_TOKENS - 1, 0, 0));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = SparsityMode.class,
            names = {"AUTO", "TOKENS", "BLOCKS", "TWO_LEVEL"})
    void aBudgetThatHoldsTheContextIsDense(SparsityMode mode) throws IOException {
        int[] prompt = prompt(2, 100);
        try (LoadedModel model = load(true, EVERY_STEP)) {
            List<Integer> dense = alone(model, prompt, Sparsity.DENSE, "a").tokens;
            RecordingSink wide = alone(model, prompt, new Sparsity(mode, 200, 4, 16, 200), "b");
            assertThat(wide.tokens).isEqualTo(dense);
            assertThat(usage(wide).denseSteps()).isEqualTo(MAX_TOKENS - 1);
            assertThat(usage(wide).sparseSteps()).isZero();
        }
    }

    @Test
    void budgetsMatterOnlyAboveThem() throws IOException {
        try (LoadedModel model = load(true, EVERY_STEP)) {
            // Rows see 31 to 69 tokens themselves included; 18 of them see no more than 48.
            SparsityUsage usage = usage(alone(model, prompt(3, 30), sparse(SparsityMode.TOKENS), "a"));
            assertThat(usage.denseSteps()).isEqualTo(18);
            assertThat(usage.sparseSteps()).isEqualTo(21);
            assertThat(usage.fallbackSteps()).isZero();
            assertThat(usage.meanSelectedMass()).isBetween(0.1, 1.0);
        }
    }

    @Test
    void mixedBatchesEqualSingleRuns() throws IOException {
        List<Job> jobs = new ArrayList<>();
        List<List<Integer>> expected = new ArrayList<>();
        try (LoadedModel model = load(true, EVERY_STEP)) {
            for (SparsityMode mode : SparsityMode.values()) {
                for (int length : new int[] {40, 97, 160}) {
                    int[] prompt = prompt(mode.ordinal() * 10 + length, length);
                    jobs.add(new Job(prompt, sparse(mode), "batch"));
                    expected.add(alone(model, prompt, sparse(mode), "alone").tokens);
                }
            }
            assertThat(tokens(run(model, 4096, jobs))).as("in one batch").isEqualTo(expected);
            assertThat(tokens(run(model, 64, jobs)))
                    .as("on cached prefixes, in small steps")
                    .isEqualTo(expected);
            List<Job> fresh = jobs.stream()
                    .map(job -> new Job(job.prompt, job.sparsity, "chunks"))
                    .toList();
            assertThat(tokens(run(model, 40, fresh))).as("in chunks").isEqualTo(expected);
        }
    }

    @Test
    void preemptedSequencesAreComputedAgainAndEnd() throws IOException {
        try (LoadedModel model = load(true, EVERY_STEP)) {
            List<Job> jobs = new ArrayList<>();
            for (int i = 0; i < 28; i++) { // of 6 pages each; there are 128
                jobs.add(new Job(prompt(7, 150), sparse(SparsityMode.TOKENS), "salt " + i));
            }
            CountingListener listener = new CountingListener();
            for (RecordingSink sink : run(model, new SchedulerConfig(512, 32, 64, 1_000_000, 256), listener, jobs)) {
                assertThat(sink.failure).isNull();
                assertThat(sink.tokens).hasSize(MAX_TOKENS);
                // What a preempted sequence decoded sparsely it computes again as a prompt, whole.
                assertThat(usage(sink).sparseSteps() + usage(sink).fallbackSteps())
                        .isPositive();
            }
            assertThat(listener.preempted).isPositive();
            assertThat(KvInvariants.check(model.kv().snapshot())).isEmpty();
        }
    }

    @Test
    void denseSequencesDoNotGoOnFromWhatSparseOnesLeftBehind() throws IOException {
        try (LoadedModel model = load(true, EVERY_STEP)) {
            int[] prompt = prompt(12, 150);
            RecordingSink first = alone(model, prompt, sparse(SparsityMode.TOKENS), "shared");
            int[] history = Arrays.copyOf(prompt, prompt.length + 33);
            for (int i = 0; i < 33; i++) {
                history[prompt.length + i] = first.tokens.get(i);
            }
            RecordingSink dense = alone(model, history, Sparsity.DENSE, "shared");
            RecordingSink fresh = alone(model, history, Sparsity.DENSE, "another");
            assertThat(dense.tokens).isEqualTo(fresh.tokens);
            assertThat(dense.cachedTokens)
                    .as("the prompt is exact, the output is not")
                    .isEqualTo(144);
            RecordingSink sparse = alone(model, history, sparse(SparsityMode.TOKENS), "shared");
            assertThat(sparse.cachedTokens)
                    .as("dense blocks took the place of sparse ones")
                    .isEqualTo(176);
        }
    }

    @Test
    void sparseSequencesGoOnFromWhatSparseOnesLeftBehind() throws IOException {
        try (LoadedModel model = load(true, EVERY_STEP)) {
            int[] prompt = prompt(13, 150);
            RecordingSink first = alone(model, prompt, sparse(SparsityMode.TOKENS), "shared");
            int[] history = Arrays.copyOf(prompt, prompt.length + 33);
            for (int i = 0; i < 33; i++) {
                history[prompt.length + i] = first.tokens.get(i);
            }
            assertThat(alone(model, history, sparse(SparsityMode.TOKENS), "shared").cachedTokens)
                    .isEqualTo(176);
        }
    }

    @Test
    void aSelectionServesSeveralSteps() throws IOException {
        SelectionSettings reuse = settings(0, 4, EVERY_STEP.confidence(), PrefillBound.NONE);
        try (LoadedModel model = load(true, reuse)) {
            SparsityUsage usage = usage(alone(model, prompt(8, 150), sparse(SparsityMode.TOKENS), "a"));
            assertThat(usage.sparseSteps()).isEqualTo(MAX_TOKENS - 1);
            // Ten selections serve 39 steps.
            assertThat(model.reusedRows()).isEqualTo(29);
        }
    }

    @Test
    void denseLayersThroughoutAreDense() throws IOException {
        SelectionSettings dense = settings(2, 1, EVERY_STEP.confidence(), PrefillBound.NONE);
        try (LoadedModel model = load(true, dense)) {
            int[] prompt = prompt(9, 150);
            assertThat(alone(model, prompt, sparse(SparsityMode.TOKENS), "a").tokens)
                    .isEqualTo(alone(model, prompt, Sparsity.DENSE, "b").tokens);
        }
    }

    @Test
    void lowMassFallsBackAndIsCounted() throws IOException {
        SelectionSettings strict = settings(0, 1, new Confidence(Math.nextDown(1.0), 1, 1, 48), PrefillBound.NONE);
        try (LoadedModel model = load(true, strict)) {
            int[] prompt = prompt(10, 150);
            RecordingSink sink = alone(model, prompt, sparse(SparsityMode.TOKENS), "a");
            assertThat(usage(sink).fallbackSteps()).isEqualTo(MAX_TOKENS - 1);
            assertThat(sink.tokens).isEqualTo(alone(model, prompt, Sparsity.DENSE, "b").tokens);
        }
    }

    @Test
    void chunksMaySeeASelectionOfWhatIsBeforeThem() throws IOException {
        SelectionSettings bounded = settings(0, 1, EVERY_STEP.confidence(), new PrefillBound(64, 8));
        SelectionSettings whole = settings(0, 1, EVERY_STEP.confidence(), new PrefillBound(256, 8));
        int[] prompt = prompt(11, 190);
        List<Integer> expected;
        try (LoadedModel model = load(true, whole)) {
            Job job = new Job(prompt, sparse(SparsityMode.TOKENS), "a");
            expected = run(model, 48, List.of(job)).getFirst().tokens;
        }
        try (LoadedModel model = load(true, EVERY_STEP)) {
            Job job = new Job(prompt, sparse(SparsityMode.TOKENS), "a");
            assertThat(run(model, 48, List.of(job)).getFirst().tokens)
                    .as("a budget that holds the prompt changes nothing")
                    .isEqualTo(expected);
        }
        try (LoadedModel model = load(true, bounded)) {
            Job sparse = new Job(prompt, sparse(SparsityMode.TOKENS), "a");
            Job dense = new Job(prompt, Sparsity.DENSE, "b");
            List<RecordingSink> sinks = run(model, 48, List.of(sparse, dense));
            assertThat(sinks.getFirst().tokens).hasSize(MAX_TOKENS).isNotEqualTo(expected);
            assertThat(sinks.getFirst().failure).isNull();
            assertThat(sinks.get(1).tokens).isEqualTo(alone(model, prompt, Sparsity.DENSE, "c").tokens);
        }
    }

    private static SparsityUsage usage(RecordingSink sink) {
        return sink.sparsity;
    }

    private static List<List<Integer>> tokens(List<RecordingSink> sinks) {
        return sinks.stream().map(sink -> List.copyOf(sink.tokens)).toList();
    }
}
