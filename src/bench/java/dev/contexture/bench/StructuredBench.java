package dev.contexture.bench;

import dev.contexture.constrain.ConstraintSpec;
import dev.contexture.constrain.ConstraintStats;
import dev.contexture.constrain.Constraints;
import dev.contexture.core.SamplingParams;
import dev.contexture.core.Sparsity;
import dev.contexture.engine.Engine;
import dev.contexture.engine.SamplerState;
import dev.contexture.engine.SelectionStage;
import dev.contexture.engine.StepPlan;
import dev.contexture.kv.BlockCutter;
import dev.contexture.model.store.ModelFiles;
import dev.contexture.model.tokenizer.DjlTokenizer;
import dev.contexture.model.tokenizer.Tokenizer;
import dev.contexture.session.TokenizerTokens;
import dev.contexture.testing.RandomSchemas;
import dev.contexture.testing.SchemaJudge;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.ToDoubleFunction;

/**
 * Answers held to random schemas at temperature 1: whether an independent validator takes them, how many the length cuts, and
 * what holding costs beside a free answer to the same prompt, decoded step by step in turns.
 */
final class StructuredBench {
    private static final int LEFT_TOKENS = 2;
    private static final int SAID_EVERY = 10;
    /** What a mask may cost of a step. */
    private static final double MOST_COST = 0.05;

    private final EngineParts parts;
    private final SparseHarness harness;
    private final Engine engine;
    private final Constraints constraints;
    private final int most;
    private final float temperature;

    /** One schema's answer; times are means, or medians, of its steps. */
    private record Sample(
            long seed,
            int tokens,
            boolean cut,
            boolean valid,
            double compileMs,
            double heldUs,
            double freeUs,
            double heldMedianUs,
            double freeMedianUs,
            double workUs,
            double waitUs) {
        Map<String, Object> row() {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("seed", seed);
            row.put("tokens", tokens);
            row.put("cut", cut);
            row.put("valid", valid);
            row.put("compile_ms", compileMs);
            row.put("held_step_us", heldUs);
            row.put("free_step_us", freeUs);
            row.put("mask_work_us", workUs);
            row.put("mask_wait_us", waitUs);
            return row;
        }
    }

    /** A sequence that is decoded, and what its steps took. */
    private static final class Lane {
        private final SparseHarness.Run run;
        private final SamplerState sampler;
        private final List<Double> micros = new ArrayList<>();
        private int token;

        private Lane(SparseHarness.Run run, SamplerState sampler) {
            this.run = run;
            this.sampler = sampler;
        }
    }

    private StructuredBench(EngineParts parts, ExecutorService workers, Options options) {
        this.parts = parts;
        this.harness = new SparseHarness(parts);
        this.engine = harness.engine(SelectionStage.DENSE);
        this.constraints = new Constraints(new TokenizerTokens(parts.tokenizer(), Set.of()), workers, System::nanoTime);
        this.most = options.number("tokens", 500);
        this.temperature = Float.parseFloat(options.text("temperature", "1"));
    }

    static void run(Options options) throws IOException, InterruptedException {
        ModelFiles model = BenchModel.fetch(options);
        int samples = options.number("samples", 200);
        int seed = options.number("seed", 1);
        BenchResult result = new BenchResult(options, model);
        try (EngineParts parts = new EngineParts(new EngineParts.Settings(
                        model,
                        SparsityOptions.none(),
                        16_384,
                        options.threads(),
                        BlockCutter.fixed(EngineParts.PAGE_TOKENS)));
                ExecutorService workers = Executors.newSingleThreadExecutor()) {
            StructuredBench bench = new StructuredBench(parts, workers, options);
            List<Sample> done = new ArrayList<>();
            for (int i = 0; i < samples; i++) {
                done.add(bench.sample(seed * 1000L + i));
                if (i % SAID_EVERY == SAID_EVERY - 1) {
                    Summary.of(done).say();
                    result.with("summary", Summary.of(done).row())
                            .write(done.stream().map(Sample::row).toList());
                }
            }
            Summary.of(done).say();
            result.with("summary", Summary.of(done).row())
                    .writeAndSay(done.stream().map(Sample::row).toList());
        }
    }

    private Sample sample(long seed) {
        String schema = RandomSchemas.of(seed);
        long begin = System.nanoTime();
        var constraint = constraints.compile(new ConstraintSpec.Schema(schema));
        double compileMs = (System.nanoTime() - begin) / 1e6;
        int[] prompt = prompt(schema);
        SamplingParams free = sampling(Map.of());
        Map<Integer, Float> never = new LinkedHashMap<>();
        parts.tokenizer().endOfSequence().forEach(token -> never.put(token, -100f));
        ConstraintStats before = constraints.stats();
        Lane held = lane(prompt, new SamplerState(free, seed, prompt, Optional.of(constraint.begin())));
        Lane unheld = lane(prompt, new SamplerState(sampling(never), seed, prompt));
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        boolean cut = true;
        try {
            for (int count = 0; count < most; count++) {
                if (parts.tokenizer().endOfSequence().contains(held.token)) {
                    cut = false;
                    break;
                }
                text.writeBytes(parts.tokenizer().tokenBytes(held.token));
                step(held);
                step(unheld);
            }
        } finally {
            held.run.close();
            unheld.run.close();
        }
        ConstraintStats after = constraints.stats();
        Optional<String> fault =
                cut ? Optional.empty() : new SchemaJudge(schema).fault(text.toString(StandardCharsets.UTF_8));
        fault.ifPresent(
                what -> System.out.println("INVALID, seed " + seed + ": " + what + "\n  " + text + "\n  " + schema));
        int tokens = held.micros.size();
        return new Sample(
                seed,
                tokens,
                cut,
                !cut && fault.isEmpty(),
                compileMs,
                sum(held) / tokens,
                sum(unheld) / tokens,
                median(held),
                median(unheld),
                (after.workNanos() - before.workNanos()) / 1e3 / tokens,
                (after.waitNanos() - before.waitNanos()) / 1e3 / tokens);
    }

    private static double sum(Lane lane) {
        return lane.micros.stream().mapToDouble(d -> d).sum();
    }

    private static double median(Lane lane) {
        return Statistics.median(lane.micros.stream().mapToDouble(d -> d).toArray());
    }

    private SamplingParams sampling(Map<Integer, Float> bias) {
        return new SamplingParams(temperature, 0, 1f, 0f, 1f, 0f, 0f, bias, null, false, 0);
    }

    private int[] prompt(String schema) {
        String text = parts.template()
                .render(
                        List.of(Map.of("role", "user", "content", "Make up an example of this JSON schema: " + schema)),
                        List.of(),
                        true,
                        Map.of());
        DjlTokenizer tokenizer = parts.tokenizer();
        return tokenizer.encode(text, Tokenizer.SpecialTokens.PARSE);
    }

    private Lane lane(int[] prompt, SamplerState sampler) {
        Lane lane = new Lane(harness.start(engine, Sparsity.DENSE, prompt, LEFT_TOKENS), sampler);
        int[] rest = Arrays.copyOfRange(prompt, lane.run.taken(), prompt.length);
        lane.token = engine.step(new StepPlan(List.of(lane.run.rows(rest, sampler))))
                .getFirst()
                .tokenId();
        lane.run.beginDecode();
        return lane;
    }

    private void step(Lane lane) {
        long begin = System.nanoTime();
        lane.sampler.accept(lane.token);
        lane.token = engine.step(new StepPlan(List.of(lane.run.rows(new int[] {lane.token}, lane.sampler))))
                .getFirst()
                .tokenId();
        lane.micros.add((System.nanoTime() - begin) / 1e3);
    }

    /** All samples in numbers; times are means per step. */
    private record Summary(
            int schemas,
            long cut,
            long valid,
            long tokens,
            double heldUs,
            double freeUs,
            double medianCost,
            double workUs,
            double waitUs,
            double compileMs) {
        static Summary of(List<Sample> samples) {
            return new Summary(
                    samples.size(),
                    samples.stream().filter(Sample::cut).count(),
                    samples.stream().filter(Sample::valid).count(),
                    samples.stream().mapToInt(Sample::tokens).sum(),
                    perStep(samples, Sample::heldUs),
                    perStep(samples, Sample::freeUs),
                    median(samples, sample -> sample.heldMedianUs / sample.freeMedianUs - 1),
                    perStep(samples, Sample::workUs),
                    perStep(samples, Sample::waitUs),
                    median(samples, Sample::compileMs));
        }

        private static double perStep(List<Sample> samples, ToDoubleFunction<Sample> value) {
            double sum = samples.stream()
                    .mapToDouble(sample -> value.applyAsDouble(sample) * sample.tokens)
                    .sum();
            return sum / samples.stream().mapToInt(Sample::tokens).sum();
        }

        private static double median(List<Sample> samples, ToDoubleFunction<Sample> value) {
            return Statistics.median(samples.stream().mapToDouble(value).toArray());
        }

        double validShare() {
            return (double) valid / (schemas - cut);
        }

        Map<String, Object> row() {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("schemas", schemas);
            row.put("cut_by_length", cut);
            row.put("valid_share_of_finished", validShare());
            row.put("tokens", tokens);
            row.put("held_step_us", heldUs);
            row.put("free_step_us", freeUs);
            row.put("step_cost_share", heldUs / freeUs - 1);
            row.put("step_cost_share_median", medianCost);
            row.put("mask_work_us", workUs);
            row.put("mask_work_share", workUs / freeUs);
            row.put("mask_wait_us", waitUs);
            row.put("mask_wait_share", waitUs / freeUs);
            row.put("most_share", MOST_COST);
            row.put("compile_ms_median", compileMs);
            return row;
        }

        void say() {
            System.out.printf(
                    Locale.ROOT,
                    "%d schemas, %d cut by length, %.1f %% of the finished valid; step %.0f us held, %.0f us free"
                            + " (%+.1f %%, median %+.1f %%); mask: work %.1f us (%.2f %%), wait %.1f us (%.2f %%);"
                            + " compile %.1f ms%n",
                    schemas,
                    cut,
                    100 * validShare(),
                    heldUs,
                    freeUs,
                    100 * (heldUs / freeUs - 1),
                    100 * medianCost,
                    workUs,
                    100 * workUs / freeUs,
                    waitUs,
                    100 * waitUs / freeUs,
                    compileMs);
        }
    }
}
