package dev.contexture.kv.tier;

import dev.contexture.kv.BlockLocation;

/** Keys and values in the pool as numbers, to compare them. Used by the loop's thread only. */
public interface BlockNumbers {
    /** Of one KV head over the layers of one group, in an order that depends on the block's length only. */
    float[] read(BlockLocation block, BlockPart.Rows part);
}
