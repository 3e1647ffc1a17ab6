package dev.contexture.nativelib;

import java.lang.foreign.MemorySegment;

/** Blocks of a KV pool as bytes, to be kept elsewhere. Used by one thread only; the layout is in docs/kernels.md. */
public interface NativeBlocks {
    /**
     * Of a block over {@code layers} layers.
     *
     * @throws NativeException if the pool has no such blocks
     */
    long bytes(BlockFormat format, int layers, int tokens);

    /**
     * Reads the block's rows from the pool.
     *
     * @param target native memory of exactly {@link #bytes}, at an even address
     * @throws NativeException if the place is not in the pool or the size is another
     */
    void encode(BlockFormat format, BlockPlace place, MemorySegment target);

    /**
     * Writes the block's rows into the pool, and nothing else, whatever the bytes are.
     *
     * @param source as {@link #encode} gave it
     * @throws NativeException if the place is not in the pool or the size is another
     */
    void decode(BlockFormat format, BlockPlace place, MemorySegment source);
}
