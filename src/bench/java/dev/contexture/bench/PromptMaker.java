package dev.contexture.bench;

import dev.contexture.bench.BenchTexts.Text;
import dev.contexture.model.tokenizer.Tokenizer;
import dev.contexture.model.tokenizer.Tokenizer.SpecialTokens;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Prompts out of texts: parts of a text to go on with, and documents with an instruction. */
final class PromptMaker {
    private static final int TEXT_TOKENS = 8192;
    private static final int MOST_TEXTS = 24;
    private static final List<String> INSTRUCTIONS = List.of(
            "Summarise the text above in detail.",
            "Explain the text above step by step to a beginner.",
            "List the most important points of the text above and comment on each of them.",
            "Write a continuation of the text above in the same style.");

    private final EngineParts parts;
    private final List<List<Text>> texts = new ArrayList<>();
    private final SplittableRandom random;
    private final int least;
    private final int most;

    /**
     * A prompt.
     *
     * @param text which prompts are parts of the same text
     */
    @SuppressWarnings("ArrayRecordComponent")
    record Prompt(int number, String form, String kind, String text, int[] tokens) {}

    PromptMaker(EngineParts parts, BenchTexts source, Options options, long seed) throws IOException {
        this.parts = parts;
        this.random = new SplittableRandom(seed);
        this.least = options.number("least", 2048);
        this.most = options.number("most", 7000);
        for (String kind : options.texts("kinds", BenchTexts.KINDS)) {
            texts.add(source.of(kind, MOST_TEXTS, TEXT_TOKENS));
        }
    }

    /** Kinds take turns, and forms. */
    List<Prompt> prompts(int count) {
        List<Prompt> prompts = new ArrayList<>();
        while (prompts.size() < count) {
            prompts.add(prompt(prompts.size()));
        }
        return prompts;
    }

    private Prompt prompt(int number) {
        List<Text> ofKind = texts.get(number % texts.size());
        Text text = ofKind.get(random.nextInt(ofKind.size()));
        int length = random.nextInt(least, most + 1);
        int begin = random.nextInt(TEXT_TOKENS - length + 1);
        int[] part = text.from(begin, begin + length);
        if (number / texts.size() % 2 == 0) {
            return new Prompt(number, "continuation", text.kind(), name(text), part);
        }
        String instruction = INSTRUCTIONS.get(random.nextInt(INSTRUCTIONS.size()));
        return new Prompt(number, "instruction", text.kind(), name(text), instructed(part, instruction, length));
    }

    private static String name(Text text) {
        return text.kind() + " " + text.number();
    }

    /** As a chat, cut so that the whole prompt has about that many tokens. */
    private int[] instructed(int[] document, String instruction, int length) {
        int frame = chat("", instruction).length;
        int[] kept = Arrays.copyOf(document, length - frame);
        return chat(plain(kept, parts.tokenizer()), instruction);
    }

    private int[] chat(String document, String instruction) {
        String prompt = parts.template()
                .render(
                        List.of(Map.of("role", "user", "content", document + "\n\n" + instruction)),
                        List.of(),
                        true,
                        Map.of());
        return parts.tokenizer().encode(prompt, SpecialTokens.PARSE);
    }

    /** Without control tokens. */
    static String plain(int[] tokens, Tokenizer tokenizer) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int token : tokens) {
            bytes.writeBytes(tokenizer.tokenBytes(token));
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
