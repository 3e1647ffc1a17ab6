package dev.contexture.nativelib;

import dev.contexture.core.SelectionMatrix;

/**
 * Descriptors of the blocks of sequences in the native library, seen from the control plane. Their store is bounded. Used
 * by one thread only.
 */
public interface NativeDescriptors extends AutoCloseable {
    /** In use by sequences. */
    long bytes();

    /** A sequence without blocks; {@link #end} gives its room back. */
    long begin();

    void end(long sequence);

    /**
     * Describes the blocks that are new, from the keys in the KV pool.
     *
     * @param pages of the sequence, in order
     * @param blockEnds of all blocks, those described already first
     * @return false if there is no room; nothing has changed then
     * @throws NativeException if blocks do not ascend or lie beyond the pages
     */
    boolean describe(long sequence, int[] pages, int[] blockEnds);

    /**
     * Makes the selections of some rows; a row whose sequence has no blocks gets an empty one.
     *
     * @throws NativeException if a budget does not hold sink and recent window, or a block ends behind its row
     */
    SelectionMatrix select(DescriptorStep step);

    @Override
    void close();
}
