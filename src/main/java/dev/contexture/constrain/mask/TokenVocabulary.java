package dev.contexture.constrain.mask;

import dev.contexture.constrain.automaton.Dfa;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A tokenizer's tokens by their bytes, and what places within lexemes say about them: worked out when first asked for, kept for
 * all grammars, and bounded. Safe for use by several threads.
 */
public final class TokenVocabulary {
    /** Kept masks of lexemes take at most so much memory. */
    static final long MOST_BYTES = 32L << 20;

    private final TokenTrie trie;
    private final List<byte[]> texts = new ArrayList<>();
    private final int[] ends;
    private final Map<Object, LexemeMask> known = new LinkedHashMap<>(64, 0.75f, true);
    private final boolean[] alone = new boolean[256];
    private long bytes;

    /** Tells of a tokenizer's tokens. */
    public interface Tokens {
        /** Ids below this are drawn. */
        int count();

        /** What the token adds to the text; empty for control tokens. */
        byte[] bytes(int token);

        /** Tokens that end a text. */
        Set<Integer> ends();
    }

    /**
     * @throws IllegalArgumentException if there is a byte of JSON's that no token is by itself, so that a text could not always
     *     go on, or no token that ends a text
     */
    public TokenVocabulary(Tokens tokens) {
        this.ends = tokens.ends().stream()
                .mapToInt(Integer::intValue)
                .filter(end -> end >= 0 && end < tokens.count())
                .sorted()
                .toArray();
        if (ends.length == 0) {
            throw new IllegalArgumentException("the vocabulary has no token that ends a text");
        }
        for (int token = 0; token < tokens.count(); token++) {
            byte[] text = tokens.ends().contains(token) ? new byte[0] : tokens.bytes(token);
            texts.add(text);
            if (text.length == 1) {
                alone[text[0] & 0xFF] = true;
            }
        }
        for (int b = 0; b < alone.length; b++) {
            boolean needed = b == '\n'
                    || b == '\t'
                    || b >= ' ' && b < 0x80
                    || b >= 0x80 && b < 0xC0
                    || b >= 0xC2 && b < 0xF5 && b != 0xF1 && b != 0xF2;
            if (needed && !alone[b]) {
                throw new IllegalArgumentException(
                        String.format("the vocabulary has no token for the byte 0x%02x alone", b));
            }
        }
        this.trie = new TokenTrie(texts);
    }

    /** Whether tokens can spell the text from any place within it on: each of its bytes is a token. */
    public boolean spells(byte[] text) {
        for (byte b : text) {
            if (!alone[b & 0xFF]) {
                return false;
            }
        }
        return true;
    }

    TokenTrie trie() {
        return trie;
    }

    /** Number of tokens. */
    public int size() {
        return trie.tokens();
    }

    byte[] text(int token) {
        return texts.get(token);
    }

    /** Whether the token ends a text. */
    boolean isEnd(int token) {
        return Arrays.binarySearch(ends, token) >= 0;
    }

    int[] ends() {
        return ends;
    }

    /** Equal for places in lexemes that have one mask. */
    Object key(Dfa dfa, int at) {
        return dfa.key(at, trie.longest());
    }

    /**
     * @param key the place's
     */
    synchronized LexemeMask mask(Object key, Dfa dfa, int at) {
        LexemeMask mask = known.get(key);
        if (mask == null) {
            mask = LexemeMask.of(trie, dfa, at);
            known.put(key, mask);
            bytes += mask.bytes();
            forgetOldest();
        }
        return mask;
    }

    private void forgetOldest() {
        var eldest = known.entrySet().iterator();
        while (bytes > MOST_BYTES && known.size() > 1) {
            bytes -= eldest.next().getValue().bytes();
            eldest.remove();
        }
    }
}
