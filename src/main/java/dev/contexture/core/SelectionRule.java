package dev.contexture.core;

/**
 * How one row's selection is made of scores, as the native library reads it.
 *
 * @param budget in tokens, see {@link Sparsity}
 * @param residency in tokens; used by TWO_LEVEL only
 */
public record SelectionRule(
        Unit unit, int budget, int sink, int recent, int residency, HeadReduction heads, BlockPooling pooling) {
    /** What is chosen; the order is the native library's. */
    public enum Unit {
        TOKENS,
        BLOCKS,
        TWO_LEVEL
    }

    /** How the scores of the query heads of a KV head become one. */
    public enum HeadReduction {
        MAX,
        MEAN
    }

    /** How the scores of a block's tokens become one. */
    public enum BlockPooling {
        SUM,
        MAX,
        MEAN
    }

    public boolean needsBlocks() {
        return unit != Unit.TOKENS;
    }
}
