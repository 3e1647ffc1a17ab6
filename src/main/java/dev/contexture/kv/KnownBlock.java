package dev.contexture.kv;

/**
 * A block that is complete in the pool.
 *
 * @param exact whether its keys and values were computed by attending to everything
 */
public record KnownBlock(BlockSpan span, boolean exact) {}
