package dev.contexture.bench;

import dev.contexture.bench.BenchTexts.Text;
import dev.contexture.core.SamplingParams;
import dev.contexture.core.Sparsity;
import dev.contexture.core.SparsityMode;
import dev.contexture.engine.Engine;
import dev.contexture.engine.SamplerState;
import dev.contexture.engine.SelectionListener;
import dev.contexture.engine.SelectionStage;
import dev.contexture.engine.StepPlan;
import dev.contexture.kv.BlockCutter;
import dev.contexture.model.store.ModelFiles;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What irregular blocks cost in the uniform format: sequences of one text, cut in different ways, decoded in turns step by
 * step by one engine, so that a pair of steps meets the same machine.
 */
final class V2fBench {
    private static final double MOST = 1.03;
    private static final Path KERNEL_BENCH = Path.of("target", "native", "contexture_bench");
    private static final String KERNEL_REPEATS = "15";

    private V2fBench() {}

    /** Cuts new sequences as it was told last. */
    private static final class SwitchedCutters implements BlockCutter.Factory {
        private BlockCutter.Factory current = BlockCutter.fixed(EngineParts.PAGE_TOKENS);

        @Override
        public BlockCutter newCutter() {
            return current.newCutter();
        }
    }

    /** Remembers what the last selection cost. */
    private static final class LastSelection implements SelectionListener {
        private long nanos;

        @Override
        public void selected(int rows, int reusedRows, int chunks, long spent) {
            nanos = spent;
        }

        @Override
        public void weighed(double mass) {}

        @Override
        public void fellBack(FallbackCause cause) {}

        @Override
        public void observed(int rows, long spent) {}
    }

    /** One way of cutting and how long its steps took. */
    @SuppressWarnings("ArrayRecordComponent")
    private record Lane(String name, SparseHarness.Run run, double[] stepMs, double[] selectionMs) {}

    static void run(Options options) throws IOException, InterruptedException {
        ModelFiles model = BenchModel.fetch(options);
        int context = options.number("context", 7900);
        int steps = options.number("steps", 250);
        int warmUp = options.number("warm-up", 20);
        int size = options.number("block", 16);
        int budget = options.number("budget", 512);
        SwitchedCutters cutters = new SwitchedCutters();
        try (EngineParts parts = new EngineParts(new EngineParts.Settings(
                model, SparsityOptions.of(options), 4 * (context + steps), options.threads(), cutters))) {
            BenchTexts texts = BenchTexts.open(options, parts.tokenizer());
            BenchResult result = new BenchResult(options, model)
                    .with("texts", texts.provenance())
                    .with("retriever", parts.retriever().name());
            Text text = texts.of("prose", 1, context + warmUp + steps).getFirst();
            List<Map<String, Object>> rows = new ArrayList<>();
            for (SparsityMode mode : List.of(SparsityMode.BLOCKS, SparsityMode.TWO_LEVEL)) {
                LastSelection selection = new LastSelection();
                SparseHarness harness = new SparseHarness(parts);
                SelectionStage stage = parts.stage(parts.retriever(), parts.selectionSettings(), selection);
                Engine engine = harness.engine(stage);
                List<Lane> lanes = new ArrayList<>();
                for (Cutters.Cutter cutter : new Cutters(parts.tokenizer(), model, 0).uniformFormat(size)) {
                    cutters.current = cutter.factory();
                    Sparsity policy = parts.policy(mode, budget);
                    lanes.add(new Lane(
                            cutter.name(),
                            harness.start(engine, policy, text.from(0, context), 0),
                            new double[steps],
                            new double[steps]));
                }
                lanes.forEach(lane -> lane.run.beginDecode());
                decode(text, context, warmUp, engine, lanes, selection);
                lanes.forEach(lane -> lane.run.close());
                rows.addAll(rows(mode, lanes));
            }
            String oneByOne = oneByOne(options.threads());
            System.out.println(oneByOne);
            result.with("blocks_one_by_one", oneByOne).writeAndSay(rows);
        }
    }

    /** The kernels' own benchmark of the same blocks without the uniform format, each a run of its own. */
    private static String oneByOne(int threads) throws IOException {
        if (!Files.isExecutable(KERNEL_BENCH)) {
            return "not measured: there is no " + KERNEL_BENCH;
        }
        Process process = new ProcessBuilder(KERNEL_BENCH.toString(), Integer.toString(threads), KERNEL_REPEATS)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            return lines.lines()
                    .filter(line -> line.contains("one by one"))
                    .reduce((first, second) -> second)
                    .orElse("not measured: " + KERNEL_BENCH + " does not say");
        }
    }

    private static void decode(
            Text text, int context, int warmUp, Engine engine, List<Lane> lanes, LastSelection selection) {
        SamplerState greedy = new SamplerState(SamplingParams.GREEDY, 0, new int[0]);
        int steps = lanes.getFirst().stepMs.length;
        for (int step = -warmUp; step < steps; step++) {
            int[] token = {text.tokens()[context + warmUp + step]};
            for (int turn = 0; turn < lanes.size(); turn++) {
                Lane lane = lanes.get(Math.floorMod(step + turn, lanes.size())); // each is first as often as last
                StepPlan plan = new StepPlan(List.of(lane.run.rows(token, greedy)));
                long begin = System.nanoTime();
                engine.step(plan);
                long end = System.nanoTime();
                if (step >= 0) {
                    lane.stepMs[step] = (end - begin) / 1e6;
                    lane.selectionMs[step] = selection.nanos / 1e6;
                }
            }
        }
    }

    private static List<Map<String, Object>> rows(SparsityMode mode, List<Lane> lanes) {
        List<Map<String, Object>> rows = new ArrayList<>();
        Lane fixed = lanes.getFirst();
        for (int at = 0; at < lanes.size(); at++) {
            Lane lane = lanes.get(at);
            double ratio = Statistics.median(lane.stepMs) / Statistics.median(fixed.stepMs);
            double[] pairs = new double[lane.stepMs.length];
            for (int i = 0; i < pairs.length; i++) {
                pairs[i] = lane.stepMs[i] / fixed.stepMs[i];
            }
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("mode", mode.toString());
            row.put("cut", lane.name);
            row.put("step_ms", Statistics.median(lane.stepMs));
            row.put("selection_ms", Statistics.median(lane.selectionMs));
            row.put("ratio_to_fixed", ratio);
            row.put("median_of_paired_ratios", Statistics.median(pairs));
            row.put("steps", pairs.length);
            rows.add(row);
            System.out.printf(
                    Locale.ROOT,
                    "%-10s %-24s %7.2f ms a step, selection %6.3f ms%n",
                    mode,
                    lane.name,
                    Statistics.median(lane.stepMs),
                    Statistics.median(lane.selectionMs));
            if (at > 0) {
                Rates.say("  to fixed", ratio, "≤", MOST);
            }
        }
        return rows;
    }
}
