package dev.contexture.kv.tier;

import dev.contexture.kv.BlockLocation;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Blocks of the device's pools as bytes and back, part by part. Used by the loop's thread only. */
public interface BlockCoder {
    /** Keys and values: groups in order, and the KV heads of each. */
    List<BlockPart.Rows> rows();

    /** What a retriever needs to choose; empty where it needs nothing but the rows. */
    Optional<BlockPart> index();

    /** All that a block consists of. */
    default List<BlockPart> parts() {
        return Stream.concat(index().stream(), rows().stream()).toList();
    }

    /** Of a part of a block of so many tokens. */
    int bytes(BlockPart part, int tokens);

    /** How the bytes of a part of a block of so many tokens are to be read. */
    BlockForm form(BlockPart part, int tokens);

    /**
     * Reads a block's part from the pool.
     *
     * @param target native memory of exactly {@link #bytes}
     * @throws BlockMoveException if it cannot be read
     */
    void encode(BlockLocation block, BlockPart part, MemorySegment target);

    /**
     * Writes a block's part into the pool, and nothing else, whatever the bytes are.
     *
     * @param source native memory of exactly {@link #bytes}
     * @throws BlockMoveException if it cannot be written; the tokens' places hold nothing of use then
     */
    void decode(BlockLocation block, BlockPart part, MemorySegment source);
}
