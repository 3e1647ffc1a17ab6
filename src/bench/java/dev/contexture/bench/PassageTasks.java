package dev.contexture.bench;

import dev.contexture.bench.BenchTexts.Text;
import dev.contexture.model.tokenizer.Tokenizer;
import dev.contexture.model.tokenizer.Tokenizer.SpecialTokens;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Questions whose answer is a passage of the text before them: a paragraph of a document, an entry of a list, a definition in
 * code. The answer's true tokens become a window.
 */
final class PassageTasks {
    private static final int MOST_ANSWER_TOKENS = 64;
    private static final int LEAST_ANSWER_TOKENS = 16;
    private static final int QUESTION_TOKENS = 64;
    /** Answers lie in this first part of a text, so that the recent window holds none. */
    private static final double FIRST_PART = 0.75;

    private static final Pattern LONG_WORD = Pattern.compile("[A-Za-z]{7,}");
    private static final Pattern DEFINITION = Pattern.compile("(?m)^(?:def|class|func) \\(?\\w+.*$");

    private final Tokenizer tokenizer;
    private final int questions;
    private final Random random;

    /** A text with windows behind it that all share it. */
    @SuppressWarnings("ArrayRecordComponent")
    record Document(int[] tokens, List<Window> windows) {}

    /** A passage and the words that ask for it. */
    private record Asked(String question, String answer) {}

    /**
     * @param questions most per text
     */
    PassageTasks(Tokenizer tokenizer, int questions, long seed) {
        this.tokenizer = tokenizer;
        this.questions = questions;
        this.random = new Random(seed);
    }

    /** Paragraphs of prose that tell of a word. */
    Document paragraphs(Text text, int length) {
        String plain = plain(text, length);
        List<Asked> found = new ArrayList<>();
        for (String paragraph :
                plain.substring(0, (int) (plain.length() * FIRST_PART)).split("\n\\s*\n")) {
            Matcher word = LONG_WORD.matcher(paragraph);
            if (paragraph.length() > 200 && word.find()) {
                found.add(new Asked(
                        "\n\nQuestion: What does the text say about \"" + word.group()
                                + "\"? Quote the passage.\nAnswer: ",
                        paragraph.strip()));
            }
        }
        return document("question on a document", text, plain, found);
    }

    /** Entries of a list whose items are sentences of the text. */
    Document facts(Text text, int length) {
        List<Asked> found = new ArrayList<>();
        StringBuilder list = new StringBuilder("Notes:\n");
        int number = 0;
        for (String sentence : plain(text, length).replaceAll("\\s+", " ").split("(?<=[.!?]) ")) {
            if (sentence.length() > 80 && sentence.length() < 400) {
                String key = "note " + (100 + random.nextInt(900)) + "-" + number++;
                list.append("- ").append(key).append(": ").append(sentence).append('\n');
                found.add(new Asked("\nAs listed above, " + key + ":", " " + sentence));
            }
        }
        List<Asked> early = found.subList(0, (int) (found.size() * FIRST_PART));
        return document("fact in a list", text, list.toString(), early);
    }

    /** Definitions in code, asked for by their first line. */
    Document definitions(Text text, int length) {
        String plain = plain(text, length);
        List<Asked> found = new ArrayList<>();
        Matcher matcher = DEFINITION.matcher(plain);
        while (matcher.find() && matcher.end() < plain.length() * FIRST_PART) {
            found.add(new Asked("\n\n" + matcher.group(), plain.substring(matcher.end(), end(plain, matcher.end()))));
        }
        return document("definition in code", text, plain, found);
    }

    /** The next definition, or the end. */
    private static int end(String plain, int from) {
        Matcher next = DEFINITION.matcher(plain);
        return next.find(from) ? next.start() : plain.length();
    }

    private String plain(Text text, int length) {
        return PromptMaker.plain(text.from(0, length - QUESTION_TOKENS - MOST_ANSWER_TOKENS), tokenizer);
    }

    private Document document(String kind, Text text, String plain, List<Asked> found) {
        int[] tokens = tokenizer.encode(plain, SpecialTokens.AS_TEXT);
        List<Asked> shuffled = new ArrayList<>(found);
        Collections.shuffle(shuffled, random);
        List<Window> windows = new ArrayList<>();
        for (Asked asked : shuffled) {
            int[] question = tokenizer.encode(asked.question, SpecialTokens.AS_TEXT);
            int[] answer = tokenizer.encode(asked.answer, SpecialTokens.AS_TEXT);
            if (windows.size() < questions && answer.length >= LEAST_ANSWER_TOKENS) {
                int[] context = Arrays.copyOf(tokens, tokens.length + question.length);
                System.arraycopy(question, 0, context, tokens.length, question.length);
                int[] forced = Arrays.copyOf(answer, Math.min(answer.length, MOST_ANSWER_TOKENS));
                windows.add(new Window(kind, text.kind() + " " + text.number(), context, forced));
            }
        }
        return new Document(tokens, windows);
    }
}
