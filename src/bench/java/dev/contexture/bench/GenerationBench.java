package dev.contexture.bench;

import dev.contexture.core.SamplingParams;
import dev.contexture.core.Sparsity;
import dev.contexture.core.SparsityMode;
import dev.contexture.core.SparsityUsage;
import dev.contexture.kv.BlockCutter;
import dev.contexture.model.store.ModelFiles;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * What sparse decoding writes: long outputs behind long prompts, each judged by the dense model, beside dense ones; and tasks
 * with one right answer.
 */
final class GenerationBench {
    private static final int BLOCK_TOKENS = 16;

    private final Options options;
    private final List<Map<String, Object>> rows = new ArrayList<>();
    private final List<Comparison> comparisons = new ArrayList<>();

    private GenerationBench(Options options) {
        this.options = options;
    }

    /** One prompt answered densely and sparsely in one way of drawing. */
    private record Comparison(PromptMaker.Prompt prompt, String drawing, Answer dense, Answer sparse, int divergence) {}

    /**
     * An output.
     *
     * @param likelihood mean log-likelihood per token under the dense model
     * @param repetition share of 4-grams that occurred before
     */
    private record Answer(double likelihood, double repetition, SparsityUsage usage) {}

    static void run(Options options) throws IOException, InterruptedException {
        new GenerationBench(options).measure();
    }

    private void measure() throws IOException, InterruptedException {
        ModelFiles model = BenchModel.fetch(options);
        EngineParts.Settings settings = new EngineParts.Settings(
                model,
                SparsityOptions.of(options),
                24_576,
                options.threads(),
                BlockCutter.fixed(options.number("block", BLOCK_TOKENS)));
        try (Workers workers = Workers.open(options, settings)) {
            EngineParts any = workers.any();
            BenchTexts texts = BenchTexts.open(options, any.tokenizer());
            BenchResult result = new BenchResult(options, model)
                    .with("texts", texts.provenance())
                    .with("retriever", any.retriever().name());
            long seed = options.number("seed", 1);
            int budget = options.number("budget", 512);
            int count = options.number("prompts", 200);
            if (count > 0) {
                List<PromptMaker.Prompt> prompts = new PromptMaker(any, texts, options, seed).prompts(count);
                Author.Ways ways = Author.Ways.of(options, budget);
                workers.run(
                        prompts,
                        parts -> {
                            Author author = new Author(parts, model, ways);
                            return prompt -> author.answer(prompt, seed + prompt.number());
                        },
                        (prompt, some) -> {
                            comparisons.addAll(some);
                            some.forEach(comparison -> rows.add(row(comparison)));
                            result.write(rows);
                            System.out.printf(Locale.ROOT, "prompt %d of %d%n", prompt.number() + 1, count);
                        });
                summarize();
            }
            int samples = options.number("samples", 60);
            if (samples > 0) {
                TaskBench tasks = new TaskBench(any.tokenizer(), texts, seed);
                for (int length : options.numbers("lengths", "2048,4096")) {
                    rows.addAll(tasks.measure(workers, model, budget, samples, length));
                    result.write(rows);
                }
            }
            result.writeAndSay(rows);
        }
    }

    /** Writes answers on one engine and has the dense model judge them. */
    private static final class Author {
        private final SparseHarness harness;
        private final Selector dense;
        private final Generator generator;
        private final Sparsity sparse;
        private final Ways ways;

        /** How answers are drawn. */
        private record Ways(int budget, int tokens, float temperature, float topP) {
            private static Ways of(Options options, int budget) {
                return new Ways(
                        budget,
                        options.number("tokens", 512),
                        Float.parseFloat(options.text("temperature", "0.8")),
                        Float.parseFloat(options.text("top-p", "0.95")));
            }
        }

        private Author(EngineParts parts, ModelFiles model, Ways ways) {
            this.harness = new SparseHarness(parts);
            this.dense = new Selectors(parts, model, 0).dense();
            this.generator = new Generator(harness, dense.stage());
            this.sparse = parts.policy(SparsityMode.AUTO, ways.budget);
            this.ways = ways;
        }

        /** All four outputs grow in the same steps: dense and sparse, greedy and sampled. */
        private List<Comparison> answer(PromptMaker.Prompt prompt, long seed) {
            SamplingParams greedy = generator.sampling(0f, 1f);
            SamplingParams sampled = generator.sampling(ways.temperature, ways.topP);
            List<Generator.Output> outputs = generator.generate(
                    prompt.tokens(),
                    ways.tokens,
                    List.of(
                            new Generator.Way(Sparsity.DENSE, greedy, seed),
                            new Generator.Way(sparse, greedy, seed),
                            new Generator.Way(Sparsity.DENSE, sampled, seed),
                            new Generator.Way(sparse, sampled, seed)));
            List<Answer> answers = new ArrayList<>();
            for (Generator.Output output : outputs) {
                double[] likelihoods = harness.denseLogProbabilities(dense, prompt.tokens(), output.tokens());
                answers.add(new Answer(Statistics.mean(likelihoods), repetition(output.tokens()), output.usage()));
            }
            List<Comparison> comparisons = new ArrayList<>();
            for (int i = 0; i < outputs.size(); i += 2) {
                comparisons.add(new Comparison(
                        prompt,
                        i == 0 ? "greedy" : "sampled",
                        answers.get(i),
                        answers.get(i + 1),
                        divergence(outputs.get(i).tokens(), outputs.get(i + 1).tokens())));
            }
            return comparisons;
        }
    }

    private static Map<String, Object> row(Comparison comparison) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("part", "prompt");
        row.put("form", comparison.prompt.form());
        row.put("kind", comparison.prompt.kind());
        row.put("text", comparison.prompt.text());
        row.put("prompt_tokens", comparison.prompt.tokens().length);
        row.put("drawing", comparison.drawing);
        row.put("likelihood_dense", comparison.dense.likelihood);
        row.put("likelihood_sparse", comparison.sparse.likelihood);
        row.put("repetition_dense", comparison.dense.repetition);
        row.put("repetition_sparse", comparison.sparse.repetition);
        row.put("first_divergence", comparison.divergence);
        row.put("selected_mass", comparison.sparse.usage.meanSelectedMass());
        row.put("sparse_steps", comparison.sparse.usage.sparseSteps());
        row.put("fallback_steps", comparison.sparse.usage.fallbackSteps());
        return row;
    }

    /** Index of the first token that differs; the length if none does. */
    private static int divergence(int[] dense, int[] sparse) {
        int at = Arrays.mismatch(dense, sparse);
        return at < 0 ? dense.length : at;
    }

    private static double repetition(int[] tokens) {
        Set<List<Integer>> seen = new HashSet<>();
        int repeated = 0;
        for (int i = 0; i + 4 <= tokens.length; i++) {
            repeated += seen.add(List.of(tokens[i], tokens[i + 1], tokens[i + 2], tokens[i + 3])) ? 0 : 1;
        }
        return tokens.length < 4 ? 0 : (double) repeated / (tokens.length - 3);
    }

    private void summarize() {
        System.out.printf(
                Locale.ROOT,
                "%n%-34s %4s %9s %9s %20s %17s %10s%n",
                "prompts",
                "n",
                "ll dense",
                "ll sparse",
                "difference (s. e.)",
                "repeated 4-grams",
                "divergence");
        for (String drawing : List.of("greedy", "sampled")) {
            List<Comparison> all =
                    comparisons.stream().filter(c -> c.drawing.equals(drawing)).toList();
            summarize(drawing + ", all", all, c -> true);
            for (String form : names(all, c -> c.prompt.form())) {
                summarize(drawing + ", " + form, all, c -> c.prompt.form().equals(form));
            }
            for (String kind : names(all, c -> c.prompt.kind())) {
                summarize(drawing + ", " + kind, all, c -> c.prompt.kind().equals(kind));
            }
        }
    }

    private static Set<String> names(List<Comparison> all, Function<Comparison, String> name) {
        return all.stream().map(name).collect(Collectors.toCollection(TreeSet::new));
    }

    private void summarize(String name, List<Comparison> all, Predicate<Comparison> kept) {
        List<Comparison> some = all.stream().filter(kept).toList();
        double[] dense = Statistics.meansBy(some, c -> c.prompt.text(), c -> c.dense.likelihood);
        double[] sparse = Statistics.meansBy(some, c -> c.prompt.text(), c -> c.sparse.likelihood);
        double[] divergences = some.stream().mapToDouble(c -> c.divergence).toArray();
        double repeatedDense =
                some.stream().mapToDouble(c -> c.dense.repetition).average().orElse(Double.NaN);
        double repeatedSparse =
                some.stream().mapToDouble(c -> c.sparse.repetition).average().orElse(Double.NaN);
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("part", "summary");
        row.put("of", name);
        row.put("prompts", some.size());
        row.put("texts", dense.length);
        row.put("likelihood_dense", Statistics.mean(dense));
        row.put("likelihood_sparse", Statistics.mean(sparse));
        row.put("paired", Statistics.Paired.of(sparse, dense).row());
        row.put("repetition_dense", repeatedDense);
        row.put("repetition_sparse", repeatedSparse);
        row.put("first_divergence_median", Statistics.median(divergences));
        rows.add(row);
        System.out.printf(
                Locale.ROOT,
                "%-34s %4d %9.4f %9.4f %20s %7.3f -> %6.3f %10.0f%n",
                name,
                some.size(),
                Statistics.mean(dense),
                Statistics.mean(sparse),
                Statistics.Paired.of(sparse, dense),
                repeatedDense,
                repeatedSparse,
                Statistics.median(divergences));
    }
}
