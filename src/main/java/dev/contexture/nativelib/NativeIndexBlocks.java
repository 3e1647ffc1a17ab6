package dev.contexture.nativelib;

import java.lang.foreign.MemorySegment;

/** The retrieval head's keys of blocks as bytes, exactly, to be kept elsewhere. Used by one thread only. */
public interface NativeIndexBlocks {
    /** Of the keys of so many tokens. */
    long bytes(int tokens);

    /**
     * Reads the keys of consecutive tokens.
     *
     * @param pages the sequence's, in logical order
     * @param first position of the first token, counted from the first of these pages
     * @param target native memory of exactly {@link #bytes}
     * @throws NativeException if the place is not in the pool or the size is another
     */
    void read(int[] pages, int first, int tokens, MemorySegment target);

    /**
     * Writes the keys of consecutive tokens, and nothing else, whatever the bytes are.
     *
     * @param source as {@link #read} gave it
     * @throws NativeException if the place is not in the pool or the size is another
     */
    void write(int[] pages, int first, int tokens, MemorySegment source);
}
