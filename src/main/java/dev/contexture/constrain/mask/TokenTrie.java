package dev.contexture.constrain.mask;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The vocabulary's bytes as a tree, in arrays in order of a walk: a node's children follow it, and a subtree is a range. Node 0
 * is the root. Immutable.
 */
final class TokenTrie {
    private final int tokens;
    private final byte[] labels;
    private final short[] depths;
    private final int[] ends;
    private final int[] firstToken;
    /** [tokens]: another token of the same bytes, or -1 */
    private final int[] nextToken;

    private final int longest;

    /**
     * @param bytes of each token, by id; empty for tokens that are never part of a text
     */
    TokenTrie(List<byte[]> bytes) {
        this.tokens = bytes.size();
        int[] sorted = IntStream.range(0, tokens)
                .filter(id -> bytes.get(id).length > 0)
                .boxed()
                .sorted(Comparator.comparing(bytes::get, Arrays::compareUnsigned))
                .mapToInt(Integer::intValue)
                .toArray();
        this.longest =
                IntStream.of(sorted).map(id -> bytes.get(id).length).max().orElse(0);
        if (longest > Short.MAX_VALUE) {
            throw new IllegalArgumentException("a token has " + longest + " bytes");
        }
        int count = 1;
        byte[] before = {};
        for (int id : sorted) {
            count += bytes.get(id).length - common(before, bytes.get(id));
            before = bytes.get(id);
        }
        this.labels = new byte[count];
        this.depths = new short[count];
        this.ends = new int[count];
        this.firstToken = new int[count];
        this.nextToken = new int[tokens];
        Arrays.fill(firstToken, -1);
        Arrays.fill(nextToken, -1);
        build(sorted, bytes);
    }

    private void build(int[] sorted, List<byte[]> bytes) {
        int[] path = new int[longest + 1];
        byte[] before = {};
        int next = 1;
        for (int id : sorted) {
            byte[] text = bytes.get(id);
            int common = common(before, text);
            for (int depth = common + 1; depth <= before.length; depth++) {
                ends[path[depth]] = next;
            }
            for (int depth = common + 1; depth <= text.length; depth++) {
                labels[next] = text[depth - 1];
                depths[next] = (short) depth;
                path[depth] = next++;
            }
            int node = path[text.length];
            nextToken[id] = firstToken[node];
            firstToken[node] = id;
            before = text;
        }
        for (int depth = 0; depth <= before.length; depth++) {
            ends[path[depth]] = next;
        }
    }

    private static int common(byte[] a, byte[] b) {
        int mismatch = Arrays.mismatch(a, b);
        return mismatch < 0 ? a.length : mismatch;
    }

    int tokens() {
        return tokens;
    }

    /** Bytes of the longest token. */
    int longest() {
        return longest;
    }

    int nodes() {
        return labels.length;
    }

    /** The byte by which a node is reached. */
    int label(int node) {
        return labels[node] & 0xFF;
    }

    /** Bytes up to the node. */
    int depth(int node) {
        return depths[node];
    }

    /** Behind the node's subtree. */
    int end(int node) {
        return ends[node];
    }

    /** A token that ends at the node, or -1. */
    int token(int node) {
        return firstToken[node];
    }

    /** A further token of the same bytes, or -1. */
    int sameAs(int token) {
        return nextToken[token];
    }
}
