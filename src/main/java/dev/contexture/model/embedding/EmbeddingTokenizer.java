package dev.contexture.model.embedding;

import dev.contexture.model.ModelFormatException;
import dev.contexture.model.arch.ModelSource.TokenizerDefinition;
import dev.contexture.model.tokenizer.DjlTokenizer;
import dev.contexture.model.tokenizer.Tokenizer.SpecialTokens;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Texts as models of BERT's kind read them: between a token that opens and one that closes. Special tokens that a text mentions are
 * plain text. Safe for use by several threads.
 */
public final class EmbeddingTokenizer implements AutoCloseable {
    /** The tokens that every sequence has beside its text's. */
    public static final int FRAME_TOKENS = 2;

    private final DjlTokenizer tokenizer;
    private final int opening;
    private final int closing;

    /**
     * @param json text of tokenizer.json
     * @throws ModelFormatException if it is no tokenizer, or has no [CLS] or [SEP]
     */
    public EmbeddingTokenizer(String json) {
        this.tokenizer = DjlTokenizer.of(new TokenizerDefinition(json, null, null, Set.of(), false));
        try {
            this.opening = special(tokenizer, "[CLS]");
            this.closing = special(tokenizer, "[SEP]");
        } catch (ModelFormatException e) {
            tokenizer.close();
            throw e;
        }
    }

    private static int special(DjlTokenizer tokenizer, String text) {
        return IntStream.range(0, tokenizer.vocabularySize())
                .filter(id -> tokenizer.tokenText(id).equals(text))
                .findFirst()
                .orElseThrow(() -> new ModelFormatException("the embedding model's tokenizer has no " + text));
    }

    /** Ids of the text alone. */
    public int[] encode(String text) {
        return tokenizer.encode(text, SpecialTokens.AS_TEXT);
    }

    /** A whole sequence of a text's ids, or the ids as they are where they are one already. */
    public int[] framed(int[] ids) {
        if (ids.length >= FRAME_TOKENS && ids[0] == opening && ids[ids.length - 1] == closing) {
            return ids;
        }
        int[] framed = new int[ids.length + FRAME_TOKENS];
        framed[0] = opening;
        System.arraycopy(ids, 0, framed, 1, ids.length);
        framed[framed.length - 1] = closing;
        return framed;
    }

    /**
     * The sequence's beginning, closed again.
     *
     * @param framed longer than {@code tokens}
     */
    public int[] cut(int[] framed, int tokens) {
        int[] cut = new int[tokens];
        System.arraycopy(framed, 0, cut, 0, tokens - 1);
        cut[tokens - 1] = closing;
        return cut;
    }

    public int vocabularySize() {
        return tokenizer.vocabularySize();
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
