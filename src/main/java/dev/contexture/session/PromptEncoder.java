package dev.contexture.session;

import dev.contexture.model.tokenizer.Tokenizer;
import dev.contexture.model.tokenizer.Tokenizer.SpecialTokens;
import dev.contexture.session.dialect.AnswerForm;
import dev.contexture.session.dialect.WrittenPrompt;
import java.util.List;
import java.util.stream.IntStream;

/**
 * From a prompt to token ids.
 *
 * <p>Special tokens in the text of a rendered conversation become those tokens, wherever they stand: the template writes
 * them as text, too. A front door that passes untrusted text on should strip them; vLLM and llama.cpp do the same.
 */
final class PromptEncoder {
    private final Tokenizer tokenizer;
    private final PromptRenderer renderer;
    private final int contextLength;

    /**
     * @param contextLength in tokens: texts that are longer for certain are not even tokenised
     */
    PromptEncoder(Tokenizer tokenizer, PromptRenderer renderer, int contextLength) {
        this.tokenizer = tokenizer;
        this.renderer = renderer;
        this.contextLength = contextLength;
    }

    /**
     * @throws ContextLengthExceededException if the text is so long that it cannot fit whatever its tokens are
     * @throws InvalidPromptException if the prompt is empty, cannot be rendered, or names tokens that do not exist
     */
    Prompt.Encoded encode(Prompt prompt) {
        Prompt.Encoded encoded = switch (prompt) {
            case Prompt.Chat chat -> {
                WrittenPrompt written = renderer.render(chat);
                yield new Prompt.Encoded(bounded(written.text(), prompt), written.answer());
            }
            case Prompt.Text text -> plain(encodeText(text));
            case Prompt.Tokens given -> plain(checked(given.tokenIds()));
            case Prompt.Encoded known -> known;
        };
        if (encoded.tokens().length == 0) {
            throw new InvalidPromptException("the prompt has no tokens: send some text", param(prompt));
        }
        return encoded;
    }

    private static Prompt.Encoded plain(int[] tokens) {
        return new Prompt.Encoded(tokens, AnswerForm.PLAIN);
    }

    private int[] bounded(String text, Prompt prompt) {
        int least = text.length() / tokenizer.longestTokenBytes();
        if (least > contextLength) {
            throw ContextLengthExceededException.atLeast(contextLength, least, param(prompt));
        }
        return tokenizer.encode(text, SpecialTokens.PARSE);
    }

    private int[] encodeText(Prompt.Text prompt) {
        int[] tokens = bounded(prompt.text(), prompt);
        return tokenizer.addsBeginOfSequence()
                ? IntStream.concat(IntStream.of(tokenizer.beginOfSequence().orElseThrow()), IntStream.of(tokens))
                        .toArray()
                : tokens;
    }

    private int[] checked(List<Integer> tokenIds) {
        for (int i = 0; i < tokenIds.size(); i++) {
            int id = tokenIds.get(i);
            if (id < 0 || id >= tokenizer.vocabularySize()) {
                throw new InvalidPromptException(
                        "token " + id + " at index " + i + " does not exist: the vocabulary has "
                                + tokenizer.vocabularySize() + " tokens",
                        "prompt");
            }
        }
        return tokenIds.stream().mapToInt(Integer::intValue).toArray();
    }

    /** The prompt's field in the callers' terms. */
    static String param(Prompt prompt) {
        return prompt instanceof Prompt.Chat || prompt instanceof Prompt.Encoded ? "messages" : "prompt";
    }
}
