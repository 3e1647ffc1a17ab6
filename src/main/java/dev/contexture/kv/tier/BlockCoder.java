package dev.contexture.kv.tier;

import dev.contexture.kv.BlockLocation;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Blocks of the device's pools as bytes and back, part by part. Used by the loop's thread only. */
public interface BlockCoder {
    /** All that a block consists of, in the order in which it is best read. */
    List<BlockPart> parts();

    /** Of a part of a block of so many tokens. */
    int bytes(BlockPart part, int tokens);

    /**
     * Reads a block's part from the pool.
     *
     * @param target native memory of exactly {@link #bytes}
     */
    void encode(BlockLocation block, BlockPart part, MemorySegment target);

    /**
     * Writes a block's part into the pool, and nothing else, whatever the bytes are.
     *
     * @param source native memory of exactly {@link #bytes}
     */
    void decode(BlockLocation block, BlockPart part, MemorySegment source);
}
