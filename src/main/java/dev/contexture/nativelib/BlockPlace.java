package dev.contexture.nativelib;

/**
 * The rows of a block: keys and values of consecutive tokens of one KV head, over some layers.
 *
 * @param layers in the order in which they are stored
 * @param pages the sequence's, in logical order
 * @param first position of the first token
 * @param tokens at most {@link #MOST_TOKENS}
 */
@SuppressWarnings("ArrayRecordComponent")
public record BlockPlace(int[] layers, int kvHead, int[] pages, int first, int tokens) {
    public static final int MOST_TOKENS = 256;
}
