package dev.contexture.bench;

import dev.contexture.bench.BenchTexts.Text;
import dev.contexture.core.SamplingParams;
import dev.contexture.core.Sparsity;
import dev.contexture.core.SparsityMode;
import dev.contexture.engine.SelectionStage;
import dev.contexture.model.store.ModelFiles;
import dev.contexture.model.tokenizer.Tokenizer;
import dev.contexture.model.tokenizer.Tokenizer.SpecialTokens;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/**
 * Questions with one right answer, hidden in running text: a number (needle), one of eight numbers (multi-key), the value of a
 * variable, and of one that was set to another. After RULER (arXiv 2404.06654), in words that a small model can follow.
 */
final class TaskBench {
    private static final int TEXT_TOKENS = 8192;
    private static final int MOST_TEXTS = 24;
    private static final int KEYS = 8;
    private static final int ASKED_KEYS = 2;
    private static final int CHAINS = 3;
    /** Statements and the question, in tokens. */
    private static final int FRAME_TOKENS = 400;

    private static final List<String> WORDS = List.of(
            ("nettle oasis onyx orchid otter oyster paddle palace parrot pebble pencil pepper pigeon pillow pirate planet poplar"
                            + " prairie puzzle quarry quartz rabbit raven ribbon river rocket saddle salmon shadow silver")
                    .split(" "));

    private final Tokenizer tokenizer;
    private final List<Text> texts;
    private final long seed;
    private Random random;

    /** A text with statements in it. */
    private record Haystack(String text, List<Question> questions) {}

    /**
     * What is asked behind a text.
     *
     * @param lead the words that the answer follows
     */
    private record Question(String task, String lead, String answer) {}

    /**
     * An answer.
     *
     * @param right whether the dense and the sparse one are
     */
    @SuppressWarnings("ArrayRecordComponent")
    private record Judged(String haystack, boolean[] right) {}

    /** A text and all that is asked behind it, to one engine: the text is computed once. */
    private record Asked(Generator generator, Sparsity sparse, EngineParts parts) {
        private List<boolean[]> answers(Haystack haystack) {
            return haystack.questions.stream()
                    .map(question -> ask(haystack, question))
                    .toList();
        }

        /** Whether the dense and the sparse answer are right. */
        private boolean[] ask(Haystack haystack, Question question) {
            // The question is tokenized by itself, so that all questions on a text share all of it.
            int[] text = parts.tokenizer().encode(haystack.text, SpecialTokens.AS_TEXT);
            int[] lead = parts.tokenizer().encode("\n" + question.lead, SpecialTokens.AS_TEXT);
            int[] answer = parts.tokenizer().encode(" " + question.answer, SpecialTokens.AS_TEXT);
            int[] prompt = Arrays.copyOf(text, text.length + lead.length);
            System.arraycopy(lead, 0, prompt, text.length, lead.length);
            SamplingParams greedy = generator.sampling(0f, 1f);
            List<Generator.Output> outputs = generator.generate(
                    prompt,
                    answer.length,
                    List.of(new Generator.Way(Sparsity.DENSE, greedy, 0), new Generator.Way(sparse, greedy, 0)));
            boolean[] right = new boolean[outputs.size()];
            for (int i = 0; i < right.length; i++) {
                right[i] = Arrays.equals(outputs.get(i).tokens(), answer);
            }
            return right;
        }
    }

    TaskBench(Tokenizer tokenizer, BenchTexts source, long seed) throws IOException {
        this.tokenizer = tokenizer;
        this.texts = source.of("prose", MOST_TEXTS, TEXT_TOKENS);
        this.seed = seed;
        this.random = new Random(seed);
    }

    /** Rows of dense and sparse accuracy, one per task. */
    List<Map<String, Object>> measure(Workers workers, ModelFiles model, int budget, int samples, int length)
            throws IOException, InterruptedException {
        random = new Random(seed + length); // the same questions whatever else is measured
        List<Haystack> haystacks = new ArrayList<>();
        for (int sample = 0; sample < samples; sample++) {
            haystacks.add(needle(length));
            haystacks.add(keysAndVariables(length));
        }
        Map<String, List<Judged>> found = new LinkedHashMap<>();
        workers.run(
                haystacks,
                parts -> {
                    SelectionStage stage =
                            new Selectors(parts, model, 0).dense().stage();
                    return new Asked(
                            new Generator(new SparseHarness(parts), stage),
                            parts.policy(SparsityMode.AUTO, budget),
                            parts)::answers;
                },
                (haystack, answers) -> {
                    for (int i = 0; i < answers.size(); i++) {
                        found.computeIfAbsent(haystack.questions.get(i).task, task -> new ArrayList<>())
                                .add(new Judged(haystack.text, answers.get(i)));
                    }
                });
        List<Map<String, Object>> rows = new ArrayList<>();
        found.forEach((task, answers) -> rows.add(row(task, length, answers)));
        return rows;
    }

    private static Map<String, Object> row(String task, int length, List<Judged> answers) {
        double[] dense = Statistics.meansBy(answers, Judged::haystack, a -> a.right[0] ? 1 : 0);
        double[] sparse = Statistics.meansBy(answers, Judged::haystack, a -> a.right[1] ? 1 : 0);
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("part", "task");
        row.put("task", task);
        row.put("length", length);
        row.put("questions", answers.size());
        row.put("accuracy_dense", Statistics.mean(dense));
        row.put("accuracy_sparse", Statistics.mean(sparse));
        row.put("paired", Statistics.Paired.of(sparse, dense).row());
        System.out.printf(
                Locale.ROOT,
                "%-12s at %5d  %4d questions  dense %.3f  sparse %.3f  difference %s%n",
                task,
                length,
                answers.size(),
                Statistics.mean(dense),
                Statistics.mean(sparse),
                Statistics.Paired.of(sparse, dense));
        return row;
    }

    private Haystack needle(int length) {
        String key = names().removeFirst();
        String value = digits(6);
        return hidden(
                length, List.of(fact(key) + " " + value + "."), List.of(new Question("needle", fact(key), value)));
    }

    private Haystack keysAndVariables(int length) {
        List<String> statements = new ArrayList<>();
        List<Question> questions = new ArrayList<>();
        List<String> names = names();
        for (int i = 0; i < KEYS; i++) {
            String key = names.removeFirst();
            String value = digits(6);
            statements.add(fact(key) + " " + value + ".");
            if (i < ASKED_KEYS) {
                questions.add(new Question("multi-key", fact(key), value));
            }
        }
        for (int i = 0; i < CHAINS; i++) {
            String first = names.removeFirst();
            String second = names.removeFirst();
            String value = digits(5);
            statements.add(variable(first) + " " + value + ".");
            statements.add("The variable " + second + " has the same value as the variable " + first + ".");
            if (i == 0) {
                questions.add(new Question("variable", variable(first), value));
                questions.add(new Question("same value", variable(second), value));
            }
        }
        return hidden(length, statements, questions);
    }

    private static String fact(String key) {
        return "The special magic number for " + key + " is:";
    }

    private static String variable(String name) {
        return "The value of the variable " + name + " is:";
    }

    /** All words in a new order. */
    private List<String> names() {
        List<String> names = new ArrayList<>(WORDS);
        Collections.shuffle(names, random);
        return names;
    }

    private String digits(int count) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append(random.nextInt(10));
        }
        return text.toString();
    }

    /** Puts the statements, each on a line of its own, into lines of a text. */
    private Haystack hidden(int length, List<String> statements, List<Question> questions) {
        Text text = texts.get(random.nextInt(texts.size()));
        int tokens = length - FRAME_TOKENS;
        int begin = random.nextInt(TEXT_TOKENS - tokens + 1);
        String plain = PromptMaker.plain(text.from(begin, begin + tokens), tokenizer);
        List<String> lines = new ArrayList<>(List.of(plain.split("\n")));
        for (String statement : statements) {
            lines.add(random.nextInt(lines.size() + 1), statement);
        }
        return new Haystack(String.join("\n", lines) + "\n", questions);
    }
}
