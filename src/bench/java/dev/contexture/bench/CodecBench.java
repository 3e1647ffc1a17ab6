package dev.contexture.bench;

import dev.contexture.bench.BenchTexts.Text;
import dev.contexture.bench.StoredContext.Cost;
import dev.contexture.bench.StoredContext.Span;
import dev.contexture.core.SparsityMode;
import dev.contexture.engine.SelectionListener;
import dev.contexture.kv.BlockCutter;
import dev.contexture.model.store.ModelFiles;
import dev.contexture.nativelib.BlockFormat;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What storing a context costs and does: its keys and values go through a format and back, then given tokens behind it are
 * decoded densely and sparsely; KL to the same without that. Bytes and speed are those of the blocks as tiers move them.
 */
final class CodecBench {
    private static final int WINDOW_TOKENS = 64;
    private static final int BLOCK_TOKENS = 16;
    private static final int BUDGET_TOKENS = 512;

    private final Map<Cell, List<double[]>> divergences = new LinkedHashMap<>();
    private final Map<Cell, Cost> costs = new LinkedHashMap<>();

    /** Which part of a context is stored. */
    private enum Scope {
        /** What a session keeps in other tiers: all but the sink and the recent window. */
        MIDDLE,
        ALL;

        Span span(int context, int sink, int recent, int block) {
            return this == ALL
                    ? new Span(0, context, block)
                    : new Span(Math.ceilDiv(sink, block) * block, (context - recent) / block * block, block);
        }
    }

    /** What a number of the table is about. */
    private record Cell(BlockFormat format, Scope scope, String selector, int context) {
        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%-22s %-6s %-6s %5d", format, scope, selector, context);
        }
    }

    private record Score(double[] divergence, Cost cost) {}

    private CodecBench() {}

    static void run(Options options) throws IOException, InterruptedException {
        new CodecBench().measure(options);
    }

    private void measure(Options options) throws IOException, InterruptedException {
        ModelFiles model = BenchModel.fetch(options);
        List<Integer> contexts = options.numbers("contexts", "2048,8192");
        List<BlockFormat> formats = options.texts("formats", "f16,int8,int4,int8_keys_int4_values").stream()
                .map(name -> BlockFormat.valueOf(name.toUpperCase(Locale.ROOT)))
                .toList();
        int windows = options.number("windows", 8);
        int longest = Collections.max(contexts);
        int block = options.number("block", BLOCK_TOKENS);
        int budget = options.number("budget", BUDGET_TOKENS);
        EngineParts.Settings settings = new EngineParts.Settings(
                model, SparsityOptions.of(options), 2 * longest, options.threads(), BlockCutter.fixed(block));
        try (Workers workers = Workers.open(options, settings)) {
            BenchTexts texts = BenchTexts.open(options, workers.any().tokenizer());
            BenchResult result = new BenchResult(options, model)
                    .with("texts", texts.provenance())
                    .with("window_tokens", WINDOW_TOKENS)
                    .with("retriever", workers.any().retriever().name());
            workers.run(
                    texts.inTurns(options.texts("kinds", BenchTexts.KINDS), windows, longest),
                    parts -> {
                        Scorer scorer =
                                new Scorer(parts, new Selectors(parts, model, 0).dense(), formats, block, budget);
                        return text -> scorer.score(text, contexts);
                    },
                    (text, scores) -> {
                        scores.forEach(this::keep);
                        result.write(rows());
                        System.out.printf(Locale.ROOT, "%s %d of %d%n", text.kind(), text.number() + 1, windows);
                    });
            print();
            result.writeAndSay(rows());
        }
    }

    private void keep(Cell cell, Score score) {
        divergences.computeIfAbsent(cell, any -> new ArrayList<>()).add(score.divergence);
        costs.merge(cell, score.cost, Cost::plus);
    }

    /** Scores texts on one engine. */
    private static final class Scorer {
        private final EngineParts parts;
        private final SparseHarness harness;
        private final Selector dense;
        private final Selector sparse;
        private final List<BlockFormat> formats;
        private final int block;
        private final int budget;

        private Scorer(EngineParts parts, Selector dense, List<BlockFormat> formats, int block, int budget) {
            this.parts = parts;
            this.harness = new SparseHarness(parts);
            this.dense = dense;
            this.sparse = new Selector(
                    "auto",
                    parts.stage(parts.retriever(), parts.selectionSettings(), SelectionListener.NONE),
                    tokens -> parts.policy(SparsityMode.AUTO, tokens));
            this.formats = formats;
            this.block = block;
            this.budget = budget;
        }

        private Map<Cell, Score> score(Text text, List<Integer> contexts) {
            Map<Cell, Score> scores = new LinkedHashMap<>();
            harness.fill(dense, text.tokens());
            for (int context : contexts) {
                Window window = Window.endOf(text, context, WINDOW_TOKENS);
                for (Selector selector : List.of(dense, sparse)) {
                    float[][] base = new float[WINDOW_TOKENS][];
                    harness.decode(
                            window, selector, budget, (step, logits) -> base[step] = Distribution.logSoftmax(logits));
                    for (BlockFormat format : formats) {
                        for (Scope scope : Scope.values()) {
                            scores.put(
                                    new Cell(format, scope, selector.name(), context),
                                    compare(base, window, selector, format, scope));
                        }
                    }
                }
            }
            return scores;
        }

        private Score compare(float[][] base, Window window, Selector selector, BlockFormat format, Scope scope) {
            double[] divergence = new double[base.length];
            Cost[] cost = {Cost.NONE};
            harness.decode(
                    window,
                    selector,
                    budget,
                    run -> {
                        int[] pages = run.pages();
                        StoredContext exact = store(pages, Scope.ALL, window, BlockFormat.F16);
                        try (StoredContext stored = store(pages, scope, window, format)) {
                            stored.decode();
                            cost[0] = stored.cost();
                        }
                        return () -> {
                            exact.decode();
                            exact.close();
                        };
                    },
                    (step, logits) ->
                            divergence[step] = Distribution.divergence(base[step], Distribution.logSoftmax(logits)));
            return new Score(divergence, cost[0]);
        }

        private StoredContext store(int[] pages, Scope scope, Window window, BlockFormat format) {
            Span span = scope.span(
                    window.context().length,
                    parts.policy(SparsityMode.AUTO, budget).sink(),
                    WINDOW_TOKENS,
                    block);
            return new StoredContext(parts, parts.retriever().groupOfLayer(), pages, span, format);
        }
    }

    private List<Map<String, Object>> rows() {
        List<Map<String, Object>> rows = new ArrayList<>();
        divergences.forEach((cell, windows) -> {
            Cost cost = costs.getOrDefault(cell, Cost.NONE);
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("format", cell.format.name().toLowerCase(Locale.ROOT));
            row.put("scope", cell.scope.name().toLowerCase(Locale.ROOT));
            row.put("selector", cell.selector);
            row.put("context", cell.context);
            row.put("kl", Statistics.Summary.of(windows).row());
            row.put("bytes_per_token", cost.bytesPerToken());
            row.put("ratio_to_pool", cost.ratio());
            row.put("encode_gb_s", cost.encodeGigabytesPerSecond());
            row.put("decode_gb_s", cost.decodeGigabytesPerSecond());
            rows.add(row);
        });
        return rows;
    }

    private void print() {
        System.out.printf(
                Locale.ROOT,
                "%n%-42s %8s %6s %8s %8s   mean KL [95 %%], 99th percentile%n",
                "format, stored, selector, context",
                "B/token",
                "ratio",
                "enc GB/s",
                "dec GB/s");
        divergences.forEach((cell, windows) -> {
            Cost cost = costs.getOrDefault(cell, Cost.NONE);
            Statistics.Summary kl = Statistics.Summary.of(windows);
            System.out.printf(
                    Locale.ROOT,
                    "%s %8.0f %6.3f %8.2f %8.2f   %.5f [%.5f, %.5f] %.4f%n",
                    cell,
                    cost.bytesPerToken(),
                    cost.ratio(),
                    cost.encodeGigabytesPerSecond(),
                    cost.decodeGigabytesPerSecond(),
                    kl.mean(),
                    kl.low(),
                    kl.high(),
                    kl.p99());
        });
    }
}
