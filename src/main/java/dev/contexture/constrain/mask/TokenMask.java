package dev.contexture.constrain.mask;

import java.util.Arrays;
import java.util.stream.IntStream;

/** A set of tokens. Immutable. */
public final class TokenMask {
    private final long[] words;

    TokenMask(long[] words) {
        this.words = words;
    }

    /** These alone. */
    public static TokenMask of(int vocabulary, int... tokens) {
        long[] words = new long[words(vocabulary)];
        for (int token : tokens) {
            words[token >> 6] |= 1L << token;
        }
        return new TokenMask(words);
    }

    static int words(int vocabulary) {
        return (vocabulary + Long.SIZE - 1) / Long.SIZE;
    }

    public boolean allows(int token) {
        return token >= 0 && token >> 6 < words.length && (words[token >> 6] >>> token & 1) != 0;
    }

    /** The number of 64-token words; tokens behind them are not allowed. */
    public int wordCount() {
        return words.length;
    }

    /** Tokens 64 {@code index} and on, the first as the lowest bit. */
    public long word(int index) {
        return words[index];
    }

    /** The lowest token that is allowed, or -1. */
    public int first() {
        for (int i = 0; i < words.length; i++) {
            if (words[i] != 0) {
                return i * Long.SIZE + Long.numberOfTrailingZeros(words[i]);
            }
        }
        return -1;
    }

    public int count() {
        return Arrays.stream(words).mapToInt(Long::bitCount).sum();
    }

    public IntStream tokens() {
        return IntStream.range(0, words.length * Long.SIZE).filter(this::allows);
    }
}
