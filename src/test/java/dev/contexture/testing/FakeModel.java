package dev.contexture.testing;

import java.util.Arrays;

/** A "language model" whose next token is a hash of all tokens before it: any slot mixed up shows in the output. */
public final class FakeModel {
    public static final int VOCABULARY = 97;

    private FakeModel() {}

    public static int next(int[] tokens) {
        return Math.floorMod(Arrays.hashCode(tokens) * 0x9E3779B9, VOCABULARY);
    }

    /** What greedy generation must give. */
    public static int[] generate(int[] prompt, int count) {
        int[] tokens = Arrays.copyOf(prompt, prompt.length + count);
        for (int i = prompt.length; i < tokens.length; i++) {
            tokens[i] = next(Arrays.copyOf(tokens, i));
        }
        return Arrays.copyOfRange(tokens, prompt.length, tokens.length);
    }
}
