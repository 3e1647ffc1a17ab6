package dev.contexture.kv;

/**
 * Where a block's tokens lie in the pool.
 *
 * @param pages physical pages in logical order
 * @param first the first token's position counted from the beginning of the first of these pages
 * @param tokens of the block
 */
@SuppressWarnings("ArrayRecordComponent")
public record BlockLocation(int[] pages, int first, int tokens) {}
