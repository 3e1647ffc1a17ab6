package dev.contexture.kv;

/**
 * A semantic block of a sequence: the tokens {@code [begin, end)}.
 *
 * @param key names all tokens up to the block's end
 */
public record BlockSpan(PrefixKey key, int begin, int end) {
    public BlockSpan {
        if (begin < 0 || end <= begin) {
            throw new IllegalArgumentException(
                    "a block needs at least one token but begins at " + begin + " and ends at " + end);
        }
    }

    public int tokens() {
        return end - begin;
    }
}
