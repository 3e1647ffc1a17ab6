package dev.contexture.bench;

import dev.contexture.bench.BenchTexts.Text;
import dev.contexture.bench.Cutters.Cutter;
import dev.contexture.core.Sparsity;
import dev.contexture.core.SparsityMode;
import dev.contexture.engine.SelectionListener;
import dev.contexture.engine.SelectionStage;
import dev.contexture.kv.BlockCutter;
import dev.contexture.model.store.ModelFiles;
import dev.contexture.nativelib.FfmDescriptors;
import dev.contexture.retrieval.Retriever;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Where blocks should end: whole blocks, cut dynamically, rigidly and at random and scored by the head or by descriptors, at
 * equal tokens. All ways meet the same windows behind the same keys and values, so differences are paired.
 */
final class SplitBench {
    private static final int WINDOW_TOKENS = 64;
    private static final String FIXED = "fixed";
    /** No blocks at all, to see what whole blocks cost. */
    private static final String TOKENS = "single tokens";

    private final Options options;
    private final Map<Cell, List<Outcome>> found = new LinkedHashMap<>();
    private final Map<String, Object> lengths = new LinkedHashMap<>();
    private final List<Integer> contexts;
    private final List<Integer> budgets;
    private final List<Cutter> cutters = new ArrayList<>();

    /** What a number of the table is about; windows are of a kind of text or a task. */
    private record Cell(String kind, int context, int budget, String score, int size, int slack, String cut) {
        Cell fixed() {
            return new Cell(kind, context, budget, score, size, 0, FIXED);
        }
    }

    /**
     * A window.
     *
     * @param dense mean log-likelihood of its tokens under the dense engine
     * @param likelihood the same under the sparse one, less the dense one
     */
    private record Outcome(String unit, double divergence, double dense, double likelihood) {}

    private record Found(Cell cell, Outcome outcome) {}

    private SplitBench(Options options) {
        this.options = options;
        this.contexts = options.numbers("contexts", "4096,8192");
        this.budgets = options.numbers("budgets", "512");
    }

    static void run(Options options) throws IOException, InterruptedException {
        new SplitBench(options).measure();
    }

    private void measure() throws IOException, InterruptedException {
        ModelFiles model = BenchModel.fetch(options);
        int longest = Collections.max(contexts);
        int windows = options.number("windows", 6);
        long seed = options.number("seed", 1);
        EngineParts.Settings settings = new EngineParts.Settings(
                model,
                SparsityOptions.of(options),
                3 * longest,
                options.threads(),
                BlockCutter.fixed(EngineParts.PAGE_TOKENS));
        try (Workers workers = Workers.open(options, settings)) {
            EngineParts any = workers.any();
            BenchTexts texts = BenchTexts.open(options, any.tokenizer());
            List<Text> some = texts.inTurns(options.texts("kinds", BenchTexts.KINDS), windows, longest);
            Cutters ways = new Cutters(any.tokenizer(), model, seed);
            choose(ways, some);
            BenchResult result = new BenchResult(options, model)
                    .with("texts", texts.provenance())
                    .with("retriever", any.retriever().name())
                    .with("delimiters", ways.table())
                    .with("mean_block_tokens", lengths);
            List<String> scores = options.texts("scores", "head,min-max,mean");
            int questions = options.number("questions", 2);
            workers.run(
                    some,
                    parts -> {
                        Comparer comparer = new Comparer(parts, scores);
                        return text -> comparer.outcomes(
                                text, new PassageTasks(parts.tokenizer(), questions, seed + text.number()));
                    },
                    (text, outcomes) -> {
                        outcomes.forEach(one -> found.computeIfAbsent(one.cell, cell -> new ArrayList<>())
                                .add(one.outcome));
                        result.write(rows());
                        System.out.printf(Locale.ROOT, "%s %d of %d%n", text.kind(), text.number() + 1, windows);
                    });
            print();
            result.writeAndSay(rows());
        }
    }

    private void choose(Cutters ways, List<Text> texts) {
        List<int[]> all = texts.stream().map(Text::tokens).toList();
        for (int size : options.numbers("sizes", "16,32")) {
            cutters.addAll(ways.rigid(size));
            for (int part : options.numbers("slack-parts", "4,2")) {
                cutters.addAll(ways.loose(size, size / part, all));
            }
        }
        for (Cutter cutter : cutters) {
            lengths.put(
                    cutter.name() + ", " + cutter.size() + " ± " + cutter.slack(),
                    texts.stream()
                            .collect(Collectors.groupingBy(
                                    Text::kind,
                                    LinkedHashMap::new,
                                    Collectors.flatMapping(
                                            text -> IntStream.of(cutter.lengths(text.tokens()))
                                                    .boxed(),
                                            Collectors.averagingInt(Integer::intValue)))));
        }
    }

    /** Decodes windows in all ways of cutting, with blocks scored in all ways. */
    private final class Comparer {
        private final EngineParts parts;
        private final SparseHarness harness;
        private final Selector dense;
        private final Map<Selector, Cutter> ways = new LinkedHashMap<>();

        private Comparer(EngineParts parts, List<String> scores) {
            this.parts = parts;
            this.harness = new SparseHarness(parts);
            this.dense =
                    new Selector("dense", stage(parts.retriever()), budget -> parts.policy(SparsityMode.DENSE, budget));
            for (String score : scores) {
                RecutRetriever recut = new RecutRetriever(
                        switch (score) {
                            case "head" -> parts.retriever();
                            case "min-max" -> parts.descriptors(FfmDescriptors.Kind.MIN_MAX);
                            case "mean" -> parts.descriptors(FfmDescriptors.Kind.MEAN);
                            default -> throw new IllegalArgumentException("blocks have no score " + score);
                        });
                SelectionStage stage = stage(recut);
                if (score.equals("head")) {
                    cutters.stream()
                            .filter(cutter -> cutter.name().equals(FIXED))
                            .forEach(fixed -> {
                                Cutter none = new Cutter(TOKENS, fixed.size(), 0, fixed.factory());
                                IntFunction<Sparsity> tokens = budget -> parts.policy(SparsityMode.TOKENS, budget);
                                ways.put(new Selector(score, stage, tokens), none);
                            });
                }
                for (Cutter cutter : cutters) {
                    Selector selector = new Selector(
                            score,
                            stage,
                            budget -> parts.policy(SparsityMode.BLOCKS, budget),
                            window -> recut.begin(window.tokens(), cutter.factory()));
                    ways.put(selector, cutter);
                }
            }
        }

        private SelectionStage stage(Retriever retriever) {
            return parts.stage(retriever, parts.selectionSettings(), SelectionListener.NONE);
        }

        /** Of the text's own tokens at its end, and of passages that are asked for. */
        private List<Found> outcomes(Text text, PassageTasks tasks) {
            List<Found> outcomes = new ArrayList<>();
            harness.fill(dense, text.tokens());
            for (int context : contexts) {
                compare(Window.endOf(text, context, WINDOW_TOKENS), context, outcomes);
            }
            for (int context : contexts) {
                List<PassageTasks.Document> documents = switch (text.kind()) {
                    case "prose" -> List.of(tasks.paragraphs(text, context), tasks.facts(text, context));
                    case "code" -> List.of(tasks.definitions(text, context));
                    default -> List.of();
                };
                for (PassageTasks.Document document : documents) {
                    harness.fill(dense, document.tokens());
                    document.windows().forEach(window -> compare(window, context, outcomes));
                }
            }
            return outcomes;
        }

        private void compare(Window window, int context, List<Found> outcomes) {
            WindowScore.Dense base = WindowScore.Dense.of(harness, window, dense);
            ways.forEach((selector, cutter) -> {
                for (int budget : budgets) {
                    WindowScore score = base.compare(harness, selector, budget);
                    Cell cell = new Cell(
                            window.kind(),
                            context,
                            budget,
                            selector.name(),
                            cutter.size(),
                            cutter.slack(),
                            cutter.name());
                    outcomes.add(new Found(
                            cell,
                            new Outcome(
                                    window.unit(),
                                    score.meanDivergence(),
                                    base.meanLogProbability(),
                                    score.meanLogProbability() - base.meanLogProbability())));
                }
            });
        }
    }

    private List<Map<String, Object>> rows() {
        List<Map<String, Object>> rows = new ArrayList<>();
        found.forEach((cell, outcomes) -> {
            List<Outcome> fixed = fixed(cell);
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("kind", cell.kind);
            row.put("context", cell.context);
            row.put("budget", cell.budget);
            row.put("score", cell.score);
            row.put("size", cell.size);
            row.put("slack", cell.slack);
            row.put("cut", cell.cut);
            row.put("windows", outcomes.size());
            row.put("kl", Statistics.mean(divergences(outcomes)));
            row.put(
                    "kl_to_fixed",
                    Statistics.Paired.of(divergences(outcomes), divergences(fixed))
                            .row());
            row.put("likelihood_dense", Statistics.mean(byUnit(outcomes, Outcome::dense)));
            row.put("likelihood_to_dense", Statistics.mean(likelihoods(outcomes)));
            row.put(
                    "likelihood_to_fixed",
                    Statistics.Paired.of(likelihoods(outcomes), likelihoods(fixed))
                            .row());
            row.put("kl_by_unit", divergences(outcomes));
            row.put("likelihood_by_unit", likelihoods(outcomes));
            rows.add(row);
        });
        return rows;
    }

    private List<Outcome> fixed(Cell cell) {
        return found.getOrDefault(cell.fixed(), List.of());
    }

    private static double[] divergences(List<Outcome> outcomes) {
        return byUnit(outcomes, Outcome::divergence);
    }

    private static double[] likelihoods(List<Outcome> outcomes) {
        return byUnit(outcomes, Outcome::likelihood);
    }

    /** A mean per text: windows of one text do not count as independent. */
    private static double[] byUnit(List<Outcome> outcomes, ToDoubleFunction<Outcome> value) {
        return Statistics.meansBy(outcomes, Outcome::unit, value);
    }

    private void print() {
        String last = "";
        for (Map.Entry<Cell, List<Outcome>> entry : found.entrySet().stream()
                .sorted((a, b) -> order(a.getKey()).compareTo(order(b.getKey())))
                .toList()) {
            Cell cell = entry.getKey();
            String head = order(cell);
            if (!head.equals(last)) {
                System.out.printf(
                        Locale.ROOT,
                        "%n%s: KL, difference to fixed (s. e.); the same of the log-likelihood, dense %.4f%n",
                        head,
                        Statistics.mean(byUnit(entry.getValue(), Outcome::dense)));
                last = head;
            }
            List<Outcome> outcomes = entry.getValue();
            List<Outcome> fixed = fixed(cell);
            System.out.printf(
                    Locale.ROOT,
                    "  %-20s ± %-3d %.4f %s   %+.4f %s%n",
                    cell.cut,
                    cell.slack,
                    Statistics.mean(divergences(outcomes)),
                    Statistics.Paired.of(divergences(outcomes), divergences(fixed)),
                    Statistics.mean(likelihoods(outcomes)),
                    Statistics.Paired.of(likelihoods(outcomes), likelihoods(fixed)));
        }
    }

    private static String order(Cell cell) {
        return String.format(
                Locale.ROOT,
                "%s, context %d, budget %4d, scores by %s, C = %d",
                cell.kind,
                cell.context,
                cell.budget,
                cell.score,
                cell.size);
    }
}
