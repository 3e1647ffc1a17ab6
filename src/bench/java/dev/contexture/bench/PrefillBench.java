package dev.contexture.bench;

import dev.contexture.bench.BenchTexts.Text;
import dev.contexture.core.Sparsity;
import dev.contexture.core.SparsityMode;
import dev.contexture.engine.SelectionListener;
import dev.contexture.engine.SelectionStage;
import dev.contexture.kv.BlockCutter;
import dev.contexture.model.store.ModelFiles;
import dev.contexture.selection.SelectionSettings;
import dev.contexture.selection.SelectionSettings.PrefillBound;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A new message behind a long context whose chunks see only what was selected for them at once: KL to the dense engine of
 * each of its tokens, by chunk, budget and number of tokens whose wishes count.
 */
final class PrefillBench {
    private static final int BLOCK_TOKENS = 16;
    private static final int MESSAGE_TOKENS = 256;

    private final Map<Cell, List<double[]>> found = new LinkedHashMap<>();

    /**
     * What a number of the table is about.
     *
     * @param chunk tokens that share a selection
     * @param queries tokens of a chunk that it is chosen for
     */
    private record Cell(int context, int chunk, int budget, int queries) {
        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "context %5d, chunks of %3d, budget %4d, queries %3d",
                    context,
                    chunk,
                    budget,
                    queries);
        }
    }

    private PrefillBench() {}

    static void run(Options options) throws IOException, InterruptedException {
        new PrefillBench().measure(options);
    }

    private void measure(Options options) throws IOException, InterruptedException {
        ModelFiles model = BenchModel.fetch(options);
        List<Integer> contexts = options.numbers("contexts", "4096,8192");
        int windows = options.number("windows", 8);
        int longest = Collections.max(contexts);
        List<Cell> cells = cells(
                contexts,
                options.numbers("chunks", "32,256"),
                options.numbers("budgets", "512,1024,2048"),
                options.numbers("queries", "1,8,32"));
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
                    .with("message_tokens", MESSAGE_TOKENS)
                    .with("retriever", workers.any().retriever().name());
            workers.run(
                    texts.inTurns(options.texts("kinds", BenchTexts.KINDS), windows, longest),
                    parts -> {
                        Reader reader = new Reader(parts, model);
                        return text -> reader.divergences(text, cells);
                    },
                    (text, divergences) -> {
                        divergences.forEach((cell, values) -> found.computeIfAbsent(cell, any -> new ArrayList<>())
                                .add(values));
                        result.write(rows());
                        System.out.printf(Locale.ROOT, "%s %d of %d%n", text.kind(), text.number() + 1, windows);
                    });
            found.forEach((cell, values) -> System.out.println(cell + "  " + Statistics.Summary.of(values)));
            result.writeAndSay(rows());
        }
    }

    private static List<Cell> cells(
            List<Integer> contexts, List<Integer> chunks, List<Integer> budgets, List<Integer> queries) {
        List<Cell> cells = new ArrayList<>();
        for (int context : contexts) {
            for (int chunk : chunks) {
                for (int budget : budgets) {
                    for (int count : queries) {
                        cells.add(new Cell(context, chunk, budget, Math.min(count, chunk)));
                    }
                }
            }
        }
        return cells.stream().distinct().toList();
    }

    /** Reads messages on one engine. */
    private static final class Reader {
        private final EngineParts parts;
        private final SparseHarness harness;
        private final Selector dense;

        private Reader(EngineParts parts, ModelFiles model) {
            this.parts = parts;
            this.harness = new SparseHarness(parts);
            this.dense = new Selectors(parts, model, 0).dense();
        }

        private Map<Cell, double[]> divergences(Text text, List<Cell> cells) {
            Map<Cell, double[]> divergences = new LinkedHashMap<>();
            Map<List<Integer>, float[][]> whole = new LinkedHashMap<>();
            harness.fill(dense, text.tokens());
            for (Cell cell : cells) {
                Window window = Window.endOf(text, cell.context, MESSAGE_TOKENS);
                float[][] base = whole.computeIfAbsent(
                        List.of(cell.context, cell.chunk),
                        key -> harness.read(window, dense.stage(), Sparsity.DENSE, cell.chunk));
                Sparsity policy = parts.policy(SparsityMode.AUTO, cell.budget);
                float[][] bounded = harness.read(window, bounding(cell), policy, cell.chunk);
                double[] values = new double[base.length];
                for (int row = 0; row < base.length; row++) {
                    values[row] = Distribution.divergence(base[row], bounded[row]);
                }
                divergences.put(cell, values);
            }
            return divergences;
        }

        private SelectionStage bounding(Cell cell) {
            SelectionSettings given = parts.selectionSettings();
            SelectionSettings settings = new SelectionSettings(
                    given.heads(),
                    given.pooling(),
                    given.firstDenseLayers(),
                    given.reuseInterval(),
                    given.confidence(),
                    new PrefillBound(cell.budget, cell.queries));
            return parts.stage(parts.retriever(), settings, SelectionListener.NONE);
        }
    }

    private List<Map<String, Object>> rows() {
        List<Map<String, Object>> rows = new ArrayList<>();
        found.forEach((cell, values) -> {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("context", cell.context);
            row.put("chunk", cell.chunk);
            row.put("budget", cell.budget);
            row.put("queries", cell.queries);
            row.put("kl", Statistics.Summary.of(values).row());
            rows.add(row);
        });
        return rows;
    }
}
