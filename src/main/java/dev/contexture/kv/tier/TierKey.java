package dev.contexture.kv.tier;

/**
 * Names a stored value.
 *
 * @param hashHigh chained hash of all tokens up to the block's end, and of a session where the block's numbers are its own
 */
public record TierKey(Scope scope, long hashHigh, long hashLow, BlockPart part) {}
