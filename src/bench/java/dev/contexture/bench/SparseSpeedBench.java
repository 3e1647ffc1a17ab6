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
import java.util.Map;

/**
 * What sparse decoding gains: our engine with a retriever beside our engine without one and llama.cpp, in turns, on real
 * text, whose scores are as spread as they are in use.
 */
final class SparseSpeedBench {
    private static final int CAPACITY_TOKENS = 20_000;
    private static final int BLOCK_TOKENS = 16;
    private static final int STEPS = 48;
    private static final int SHORT = 1000;
    private static final int LONG = 8000;
    private static final int TEXT_TOKENS = 8192;

    private final int repeats;
    private final Contexture dense;
    private final Contexture sparse;
    private final List<LlamaCpp> others;
    private final List<Map<String, Object>> rows = new ArrayList<>();

    private SparseSpeedBench(int repeats, Contexture dense, Contexture sparse, List<LlamaCpp> others) {
        this.repeats = repeats;
        this.dense = dense;
        this.sparse = sparse;
        this.others = others;
    }

    static void run(Options options) throws IOException, InterruptedException {
        ModelFiles model = BenchModel.fetch(options);
        int threads = options.threads();
        int repeats = options.number("repeats", 5);
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
                    .with("retriever", selecting.retriever().name())
                    .with("retriever_bytes", selecting.retrievalBytes())
                    .with("llama.cpp", others.getLast().info());
            SparseSpeedBench bench = new SparseSpeedBench(
                    repeats,
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
        compare(Workload.decode(1, Math.max(1, budget - STEPS), STEPS, 0.98), 0);
        Rates atShort = compare(Workload.decode(1, SHORT, STEPS, 0), 0);
        compare(Workload.decode(1, LONG / 2, STEPS, 0), 0);
        Rates atLong = compare(Workload.decode(1, LONG, STEPS, 1.8), 3);
        double growth = atShort.median(1) / atLong.median(1);
        Rates.say("time per token, 8k / 1k", growth, "≤", 1.3);
        rows.add(Map.of("workload", "time per token at " + LONG + " over that at " + SHORT, "ratio", growth));
        Rates prefill = Rates.measure(
                Workload.prefill(LONG / 2, 0.95), List.of(dense, sparse), repeats, (contender, seconds) -> {});
        Rates.say("prefill, ratio", prefill.ratio(1, 0), "≥", 0.95);
        Map<String, Object> row = prefill.row();
        row.put("ratio_to_dense", prefill.ratio(1, 0));
        rows.add(row);
    }

    /**
     * @param otherTarget least wanted ratio to the best of the other engines; 0: none
     */
    private Rates compare(Workload workload, double otherTarget) {
        List<Contender> contenders = new ArrayList<>(List.of(dense, sparse));
        contenders.addAll(others);
        List<Double> shares = new ArrayList<>();
        Rates rates = Rates.measure(workload, contenders, repeats, (contender, seconds) -> {
            if (contender == sparse) {
                shares.add(sparse.selectionSeconds() / seconds);
            }
        });
        double other = Double.POSITIVE_INFINITY;
        for (int c = 2; c < contenders.size(); c++) {
            other = Math.min(other, rates.ratio(1, c));
        }
        double share = Statistics.median(
                shares.stream().mapToDouble(Double::doubleValue).toArray());
        Rates.say("  to own dense", rates.ratio(1, 0), "≥", workload.target());
        Rates.say("  to llama.cpp", other, "≥", otherTarget);
        Rates.say("  share of selection", share, "≤", 0.15);
        Map<String, Object> row = new LinkedHashMap<>(rates.row());
        row.put("ratio_to_dense", rates.ratio(1, 0));
        row.put("ratio_to_others", other);
        row.put("selection_share", share);
        rows.add(row);
        return rates;
    }
}
