package dev.contexture.model.tokenizer;

import java.util.OptionalInt;
import java.util.Set;

/** Text to token ids and back; safe for use by several threads. */
public interface Tokenizer {
    /** Whether the text's own mentions of special tokens become those tokens or stay plain text. */
    enum SpecialTokens {
        PARSE,
        AS_TEXT
    }

    /** Token ids of the text; adds no begin-of-sequence token. */
    int[] encode(String text, SpecialTokens specialTokens);

    /**
     * The bytes that a token adds to the text; may be part of a UTF-8 character. Empty for control tokens.
     *
     * @throws IllegalArgumentException if the id is outside the vocabulary
     */
    byte[] tokenBytes(int tokenId);

    /** The token's own spelling in the vocabulary, for control tokens and diagnostics. */
    String tokenText(int tokenId);

    /** Whether the token is a control token such as an end-of-turn mark. */
    boolean isSpecial(int tokenId);

    int vocabularySize();

    /** Bytes of the longest token: a text has at least its length divided by this in tokens. */
    int longestTokenBytes();

    /** The begin-of-sequence token, if the model's prompts start with one. */
    OptionalInt beginOfSequence();

    /** Whether a raw text prompt (no chat template) starts with the begin-of-sequence token. */
    boolean addsBeginOfSequence();

    /** Tokens that end a generation: end of sequence, end of turn. */
    Set<Integer> endOfSequence();
}
