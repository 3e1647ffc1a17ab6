package dev.contexture.bench;

import dev.contexture.bench.BenchTexts.Text;
import dev.contexture.core.Sparsity;
import dev.contexture.core.SparsityMode;
import dev.contexture.kv.BlockCutter;
import dev.contexture.model.store.ModelFiles;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What sparse decoding gains: our engine with a retriever beside our engine without one and llama.cpp, in turns, on real
 * text, whose scores are as spread as they are in use.
 */
final class SparseSpeedBench {
    private static final int CAPACITY_TOKENS = 20_000;
    private static final int BLOCK_TOKENS = 16;
    private static final double NO_TARGET = 0;
    private static final int SHORT = 1000;
    private static final int LONG = 8000;
    private static final int TEXT_TOKENS = 8192;
    private static final int WARM_UP_STEPS = 500;

    private final int repeats;
    private final int steps;
    private final Contexture dense;
    private final Contexture sparse;
    private final List<LlamaCpp> others;
    private final List<Map<String, Object>> rows = new ArrayList<>();
    /** Of the workload that was measured last. */
    private double selectionShare;

    private SparseSpeedBench(int repeats, int steps, Contexture dense, Contexture sparse, List<LlamaCpp> others) {
        this.repeats = repeats;
        this.steps = steps;
        this.dense = dense;
        this.sparse = sparse;
        this.others = others;
    }

    static void run(Options options) throws IOException, InterruptedException {
        ModelFiles model = BenchModel.fetch(options);
        int threads = options.threads();
        int repeats = options.number("repeats", 15);
        int steps = options.number(
                "steps", EngineParts.PAGE_TOKENS); // few, so that turns follow each other closely, but keys are due
        int budget = options.number("budget", 512);
        List<LlamaCpp> others = LlamaCpp.all(options, model.path(), threads);
        BlockCutter.Factory cutters = BlockCutter.fixed(options.number("block", BLOCK_TOKENS));
        try (EngineParts plain = new EngineParts(
                        new EngineParts.Settings(model, SparsityOptions.none(), CAPACITY_TOKENS, threads, cutters));
                EngineParts selecting = new EngineParts(new EngineParts.Settings(
                        model, SparsityOptions.of(options), CAPACITY_TOKENS, threads, cutters))) {
            BenchTexts texts = BenchTexts.open(options, plain.tokenizer());
            List<Text> prose = texts.of("prose", 1, TEXT_TOKENS);
            Contexture.Prompts prompts =
                    (sequence, count) -> prose.get(sequence).from(0, count);
            Sparsity policy = selecting.policy(SparsityMode.AUTO, budget);
            BenchResult result = new BenchResult(options, model)
                    .with("texts", texts.provenance())
                    .with("retriever", selecting.retriever().name());
            others.stream().findFirst().ifPresent(llama -> result.with("llama.cpp", llama.info()));
            SparseSpeedBench bench = new SparseSpeedBench(
                    repeats,
                    steps,
                    Contexture.dense("contexture, dense", plain, prompts),
                    Contexture.sparse("contexture, sparse", selecting, policy, prompts),
                    others);
            bench.measure(budget);
            result.writeAndSay(bench.rows);
        } finally {
            others.forEach(LlamaCpp::close);
        }
    }

    private void measure(int budget) {
        for (Contender own : List.of(dense, sparse)) {
            own.decodeSeconds(1, SHORT, WARM_UP_STEPS); // until the code that selects is compiled
        }
        compare(Workload.decode(1, Math.max(1, budget - steps), steps, 0.98));
        Rates atShort = compare(Workload.decode(1, SHORT, steps, NO_TARGET));
        compare(Workload.decode(1, LONG / 2, steps, NO_TARGET));
        Rates atLong = compare(Workload.decode(1, LONG, steps, 1.8));
        if (!others.isEmpty()) {
            Rates.say("8k, ratio to llama.cpp", toOthers(atLong), "≥", 3);
        }
        double growth = atShort.median(1) / atLong.median(1);
        Rates.say("8k, share of the head", selectionShare, "≤", 0.15);
        rows.add(Map.of("workload", "share of keys, head, scores and selection at " + LONG, "share", selectionShare));
        Rates.say("time per token, 8k / 1k", growth, "≤", 1.3);
        rows.add(Map.of("workload", "time per token at " + LONG + " over that at " + SHORT, "ratio", growth));
        Rates prefill = Rates.measure(
                Workload.prefill(LONG / 2, 0.95), List.of(dense, sparse), repeats, (contender, seconds) -> {});
        Rates.say("prefill, ratio", prefill.ratio(1, 0), "≥", 0.95);
        Map<String, Object> row = prefill.row();
        row.put("ratio_to_dense", prefill.ratio(1, 0));
        rows.add(row);
    }

    private Rates compare(Workload workload) {
        List<Contender> contenders = new ArrayList<>(List.of(dense, sparse));
        contenders.addAll(others);
        List<Double> shares = new ArrayList<>();
        Rates rates = Rates.measure(workload, contenders, repeats, (contender, seconds) -> {
            if (contender == sparse) {
                shares.add(sparse.selectionSeconds() / seconds);
            }
        });
        double share = Statistics.median(
                shares.stream().mapToDouble(Double::doubleValue).toArray());
        if (workload.target() > NO_TARGET) {
            Rates.say("  ratio to own dense", rates.ratio(1, 0), "≥", workload.target());
        }
        System.out.printf(Locale.ROOT, "%-22s %.3f%n", "  share of selection", share);
        selectionShare = share;
        Map<String, Object> row = new LinkedHashMap<>(rates.row());
        row.put("ratio_to_dense", rates.ratio(1, 0));
        row.put("ratio_to_others", others.isEmpty() ? "not measured" : toOthers(rates));
        row.put("selection_share", share);
        rows.add(row);
        return rates;
    }

    /** To the better of the other engine's settings. */
    private static double toOthers(Rates rates) {
        double ratio = Double.POSITIVE_INFINITY;
        for (int c = 2; c < rates.contenders().size(); c++) {
            ratio = Math.min(ratio, rates.ratio(1, c));
        }
        return ratio;
    }
}
