package dev.contexture.nativelib;

/** The KV pool of the native library, seen from the control plane. Used by one thread only. */
public interface NativeKvPool extends AutoCloseable {
    /** The id that the graph's {@code step} input carries. */
    long id();

    long bytes();

    /**
     * Describes the next run: sequence {@code s} brings {@code queryLengths[s]} new tokens after
     * {@code contextLengths[s]} tokens in the pool, on {@code pages[pageOffsets[s]] .. pages[pageOffsets[s + 1]]}.
     *
     * @throws NativeException if a page is out of range or a sequence has too few pages
     */
    void setStep(int[] queryLengths, int[] contextLengths, int[] pageOffsets, int[] pages);

    @Override
    void close();
}
