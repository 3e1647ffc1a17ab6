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
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Answers held to random schemas at temperature 1: whether an independent validator takes them, how many the length cuts, and
 * what holding costs beside a free answer to the same prompt, decoded step by step in turns.
 */
final class StructuredBench {
    private static final int LEFT_TOKENS = 2;
    private static final double MOST_COST = 0.05;

    private final EngineParts parts;
    private final SparseHarness harness;
    private final Engine engine;
    private final Constraints constraints;
    private final int most;
    private final float temperature;

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
        this.constraints = new Constraints(new TokenizerTokens(parts.tokenizer()), workers, System::nanoTime);
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
            List<Map<String, Object>> rows = new ArrayList<>();
            for (int i = 0; i < samples; i++) {
                rows.add(bench.sample(seed * 1000L + i));
                if (i % 10 == 9) {
                    bench.say(rows);
                    result.with("summary", summary(rows)).write(rows);
                }
            }
            bench.say(rows);
            result.with("summary", summary(rows)).writeAndSay(rows);
        }
    }

    private Map<String, Object> sample(long seed) {
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
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("seed", seed);
        row.put("tokens", held.micros.size());
        row.put("cut", cut);
        row.put("valid", !cut && fault.isEmpty());
        row.put("compile_ms", compileMs);
        row.put("held_step_us", sum(held) / held.micros.size());
        row.put("free_step_us", sum(unheld) / unheld.micros.size());
        row.put("held_step_median_us", median(held));
        row.put("free_step_median_us", median(unheld));
        row.put("mask_work_us", (after.workNanos() - before.workNanos()) / 1e3 / held.micros.size());
        row.put("mask_wait_us", (after.waitNanos() - before.waitNanos()) / 1e3 / held.micros.size());
        return row;
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

    private static Map<String, Object> summary(List<Map<String, Object>> rows) {
        long cut = rows.stream().filter(row -> (boolean) row.get("cut")).count();
        long valid = rows.stream().filter(row -> (boolean) row.get("valid")).count();
        double tokens = rows.stream()
                .mapToDouble(row -> ((Number) row.get("tokens")).doubleValue())
                .sum();
        double held = total(rows, "held_step_us", "tokens");
        double free = total(rows, "free_step_us", "tokens");
        Map<String, Object> summary = new LinkedHashMap<>();
        summary.put("schemas", rows.size());
        summary.put("cut_by_length", cut);
        summary.put("finished", rows.size() - cut);
        summary.put("valid_share_of_finished", rows.size() == cut ? Double.NaN : (double) valid / (rows.size() - cut));
        summary.put("tokens", tokens);
        summary.put("held_step_us", held / tokens);
        summary.put("free_step_us", free / tokens);
        summary.put("step_cost_share", held / free - 1);
        summary.put(
                "step_cost_share_median",
                Statistics.median(rows.stream()
                        .mapToDouble(row ->
                                (double) row.get("held_step_median_us") / (double) row.get("free_step_median_us") - 1)
                        .toArray()));
        summary.put("mask_work_us", total(rows, "mask_work_us", "tokens") / tokens);
        summary.put("mask_wait_us", total(rows, "mask_wait_us", "tokens") / tokens);
        summary.put("mask_work_share", total(rows, "mask_work_us", "tokens") / free);
        summary.put("mask_wait_share", total(rows, "mask_wait_us", "tokens") / free);
        summary.put(
                "compile_ms_median",
                Statistics.median(rows.stream()
                        .mapToDouble(row -> (double) row.get("compile_ms"))
                        .toArray()));
        summary.put("most_cost_share", MOST_COST);
        return summary;
    }

    /** A mean of each row times its weight. */
    private static double total(List<Map<String, Object>> rows, String name, String weight) {
        return rows.stream()
                .mapToDouble(row -> ((Number) row.get(name)).doubleValue() * ((Number) row.get(weight)).doubleValue())
                .sum();
    }

    private void say(List<Map<String, Object>> rows) {
        Map<String, Object> s = summary(rows);
        System.out.printf(
                Locale.ROOT,
                "%s schemas, %s cut by length, %.1f %% of the finished valid; step %.0f us held, %.0f us free (%+.1f %%, median %+.1f %%);"
                        + " mask: work %.1f us (%.2f %%), wait %.1f us (%.2f %%); compile %.1f ms%n",
                s.get("schemas"),
                s.get("cut_by_length"),
                100 * (double) s.get("valid_share_of_finished"),
                s.get("held_step_us"),
                s.get("free_step_us"),
                100 * (double) s.get("step_cost_share"),
                100 * (double) s.get("step_cost_share_median"),
                s.get("mask_work_us"),
                100 * (double) s.get("mask_work_share"),
                s.get("mask_wait_us"),
                100 * (double) s.get("mask_wait_share"),
                s.get("compile_ms_median"));
    }
}
