package dev.contexture.bench;

import dev.contexture.kv.BlockCutter;
import dev.contexture.model.store.ModelFiles;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Decode and prefill beside llama.cpp: same file, same threads, runs interleaved so that both meet the same machine, medians
 * and spread, ratios to the better of llama.cpp's settings.
 */
final class SpeedBench {
    private static final int CAPACITY_TOKENS = 40_000;

    private SpeedBench() {}

    static void run(Options options) throws IOException, InterruptedException {
        ModelFiles model = BenchModel.fetch(options);
        int threads = options.threads();
        int repeats = options.number("repeats", 5);
        Pattern only = Pattern.compile(options.text("only", ".*"));
        BenchResult result = new BenchResult(options, model);
        List<Contender> contenders = new ArrayList<>();
        try {
            EngineParts parts = new EngineParts(new EngineParts.Settings(
                    model,
                    SparsityOptions.none(),
                    CAPACITY_TOKENS,
                    threads,
                    BlockCutter.fixed(EngineParts.PAGE_TOKENS)));
            contenders.add(Contexture.dense(
                    "contexture", parts, Contexture.meaningless(parts.config().vocabulary())));
            List<LlamaCpp> others = LlamaCpp.all(options, model.path(), threads);
            contenders.addAll(others);
            others.stream().findFirst().ifPresent(llama -> result.with("llama.cpp", llama.info()));
            List<Map<String, Object>> rows = new ArrayList<>();
            for (Workload workload : Workload.all()) {
                if (only.matcher(workload.name()).find()) {
                    rows.add(measure(workload, contenders, repeats));
                }
            }
            result.writeAndSay(rows);
        } finally {
            contenders.forEach(Contender::close);
        }
    }

    private static Map<String, Object> measure(Workload workload, List<Contender> contenders, int repeats) {
        Rates rates = Rates.measure(workload, contenders, repeats, (contender, seconds) -> {});
        double ratio = Double.POSITIVE_INFINITY;
        for (int c = 1; c < contenders.size(); c++) {
            ratio = Math.min(ratio, rates.ratio(0, c));
        }
        Rates.say(workload.name() + ", ratio", ratio, "≥", workload.target());
        Map<String, Object> row = rates.row();
        row.put("ratio", ratio);
        row.put("target", workload.target());
        return row;
    }
}
