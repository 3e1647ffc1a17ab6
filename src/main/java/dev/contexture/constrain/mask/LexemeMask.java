package dev.contexture.constrain.mask;

import dev.contexture.constrain.automaton.Dfa;
import java.util.Arrays;

/**
 * What a place within a lexeme says about the vocabulary whatever follows the lexeme: tokens that stay within it or end with it,
 * and the nodes of the trie at which it may end while tokens go on (the context-independent and the context-dependent tokens of
 * XGrammar, Dong et al. 2024, here by shared subtrees). Immutable.
 */
final class LexemeMask {
    /** Either a word for 64 tokens each, or, where that is shorter, null. */
    private final long[] words;
    /** The tokens, where there are few. */
    private final int[] few;

    private final int[] borders;
    private final int visited;

    private LexemeMask(long[] words, int[] few, int[] borders, int visited) {
        this.words = words;
        this.few = few;
        this.borders = borders;
        this.visited = visited;
    }

    static LexemeMask of(TokenTrie trie, Dfa dfa, int at) {
        long[] words = new long[TokenMask.words(trie.tokens())];
        int[] few = new int[words.length];
        int count = 0;
        int[] borders = new int[16];
        int borderCount = 0;
        int[] states = new int[trie.longest() + 1];
        states[0] = at;
        int end = trie.nodes();
        int visited = 0;
        for (int node = 1; node < end; ) {
            visited++;
            int depth = trie.depth(node);
            int state = dfa.next(states[depth - 1], trie.label(node));
            if (state == Dfa.DEAD) {
                node = trie.end(node);
                continue;
            }
            states[depth] = state;
            for (int token = trie.token(node); token >= 0; token = trie.sameAs(token)) {
                words[token >> 6] |= 1L << token;
                if (count < few.length) {
                    few[count] = token;
                }
                count++;
            }
            if (dfa.accepts(state) && trie.end(node) > node + 1) {
                if (borderCount == borders.length) {
                    borders = Arrays.copyOf(borders, 2 * borderCount);
                }
                borders[borderCount++] = node;
            }
            node++;
        }
        boolean sparse = count <= few.length;
        return new LexemeMask(
                sparse ? new long[0] : words,
                sparse ? Arrays.copyOf(few, count) : new int[0],
                Arrays.copyOf(borders, borderCount),
                visited);
    }

    /** Adds its tokens. */
    void addTo(long[] mask) {
        for (int i = 0; i < words.length; i++) {
            mask[i] |= words[i];
        }
        for (int token : few) {
            mask[token >> 6] |= 1L << token;
        }
    }

    /** Nodes with children at which the lexeme may end. */
    int[] borders() {
        return borders;
    }

    /** Nodes that finding it looked at. */
    int visited() {
        return visited;
    }

    int bytes() {
        return words.length * Long.BYTES + (few.length + borders.length) * Integer.BYTES;
    }
}
