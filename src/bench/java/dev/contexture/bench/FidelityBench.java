package dev.contexture.bench;

import dev.contexture.bench.BenchTexts.Text;
import dev.contexture.kv.BlockCutter;
import dev.contexture.model.store.ModelFiles;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * How much sparse decoding changes the next-token distribution: 64 given tokens at the end of a context, decoded step by step
 * through the engine with what its own sparse steps left behind; KL to the dense engine.
 */
final class FidelityBench {
    private static final int WINDOW_TOKENS = 64;
    private static final int BLOCK_TOKENS = 16;
    private static final String ALL = "all";

    private final Map<Cell, List<WindowScore>> found = new LinkedHashMap<>();

    /** What a number of the table is about. */
    private record Cell(String selector, int context, int budget, String kind) {
        private Cell ofAllKinds() {
            return new Cell(selector, context, budget, ALL);
        }
    }

    private FidelityBench() {}

    static void run(Options options) throws IOException, InterruptedException {
        new FidelityBench().measure(options);
    }

    private void measure(Options options) throws IOException, InterruptedException {
        ModelFiles model = BenchModel.fetch(options);
        List<Integer> contexts = options.numbers("contexts", "2048,4096,8192");
        List<Integer> budgets = options.numbers("budgets", "128,256,512,1024");
        List<String> names = options.texts(
                "selectors", "tokens,two-level,blocks,reuse-2,reuse-4,quest,mean,sentence,sink-recent,random");
        int longest = Collections.max(contexts);
        int windows = options.number("windows", 8);
        long seed = options.number("seed", 1);
        EngineParts.Settings settings = new EngineParts.Settings(
                model,
                SparsityOptions.of(options),
                2 * longest,
                options.threads(),
                BlockCutter.fixed(options.number("block", BLOCK_TOKENS)));
        try (Workers workers = Workers.open(options, settings)) {
            BenchTexts texts = BenchTexts.open(options, workers.any().tokenizer());
            BenchResult result = new BenchResult(options, model)
                    .with("texts", texts.provenance())
                    .with("retriever", workers.any().retriever().name());
            List<String> kinds = options.texts("kinds", BenchTexts.KINDS);
            workers.run(
                    texts.inTurns(kinds, windows, longest),
                    parts -> {
                        Selectors selectors = new Selectors(parts, model, seed);
                        Scorer scorer = new Scorer(
                                new SparseHarness(parts),
                                selectors.dense(),
                                names.stream().map(selectors::named).toList());
                        return text -> scorer.score(text, contexts, budgets);
                    },
                    (text, scores) -> {
                        scores.forEach((cell, score) -> List.of(cell, cell.ofAllKinds())
                                .forEach(some -> found.computeIfAbsent(some, any -> new ArrayList<>())
                                        .add(score)));
                        result.write(rows());
                        System.out.printf(Locale.ROOT, "%s %d of %d%n", text.kind(), text.number() + 1, windows);
                    });
            print(names, contexts, budgets, kinds);
            result.writeAndSay(rows());
        }
    }

    /** Scores texts on one engine. */
    private record Scorer(SparseHarness harness, Selector dense, List<Selector> selectors) {
        private Map<Cell, WindowScore> score(Text text, List<Integer> contexts, List<Integer> budgets) {
            Map<Cell, WindowScore> scores = new LinkedHashMap<>();
            harness.fill(dense, text.tokens());
            for (int context : contexts) {
                WindowScore.Dense base =
                        WindowScore.Dense.of(harness, Window.endOf(text, context, WINDOW_TOKENS), dense);
                for (int budget : budgets) {
                    if (budget >= context - WINDOW_TOKENS) {
                        continue;
                    }
                    for (Selector selector : selectors) {
                        scores.put(
                                new Cell(selector.name(), context, budget, text.kind()),
                                base.compare(harness, selector, budget));
                    }
                }
            }
            return scores;
        }
    }

    private List<Map<String, Object>> rows() {
        List<Map<String, Object>> rows = new ArrayList<>();
        found.forEach((cell, scores) -> {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("selector", cell.selector);
            row.put("context", cell.context);
            row.put("budget", cell.budget);
            row.put("kind", cell.kind);
            row.put("kl", summary(scores).row());
            row.put(
                    "same_top",
                    scores.stream().mapToDouble(WindowScore::sameTop).average().orElseThrow());
            row.put(
                    "selected_mass",
                    scores.stream()
                            .mapToDouble(score -> score.usage().meanSelectedMass())
                            .average()
                            .orElseThrow());
            row.put(
                    "fallback_steps",
                    scores.stream()
                            .mapToLong(score -> score.usage().fallbackSteps())
                            .sum());
            rows.add(row);
        });
        return rows;
    }

    private static Statistics.Summary summary(List<WindowScore> scores) {
        return Statistics.Summary.of(
                scores.stream().map(WindowScore::divergence).toList());
    }

    private void print(List<String> names, List<Integer> contexts, List<Integer> budgets, List<String> kinds) {
        for (String kind : Stream.concat(Stream.of(ALL), kinds.stream()).toList()) {
            for (int context : contexts) {
                System.out.printf(Locale.ROOT, "%n%s, context %d: mean KL [95 %%], 99th percentile%n", kind, context);
                System.out.printf(Locale.ROOT, "%-14s", "budget");
                budgets.forEach(budget -> System.out.printf(Locale.ROOT, " %-30d", budget));
                System.out.println();
                for (String name : names) {
                    System.out.printf(Locale.ROOT, "%-14s", name);
                    for (int budget : budgets) {
                        List<WindowScore> scores = found.get(new Cell(name, context, budget, kind));
                        System.out.printf(Locale.ROOT, " %-30s", scores == null ? "-" : summary(scores));
                    }
                    System.out.println();
                }
            }
        }
    }
}
