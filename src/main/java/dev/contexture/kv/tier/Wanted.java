package dev.contexture.kv.tier;

/**
 * A value to bring from the remote tier.
 *
 * @param firstToken position of the block's first token in its sequence
 */
public record Wanted(StoredName name, int firstToken) {}
