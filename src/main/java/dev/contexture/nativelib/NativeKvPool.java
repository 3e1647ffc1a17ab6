package dev.contexture.nativelib;

import dev.contexture.core.Selection;

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

    /**
     * Has sequences of the step that was just set attend to a selection instead of everything. The lists of a sequence
     * with one row end with the row's own position; those of a sequence with several hold positions before them.
     *
     * @param sequences the step's sequence of each row of the selection
     * @param groupOfLayer the group whose selection a layer uses: [layers]
     * @param firstDenseLayers layers that attend to everything all the same
     * @throws NativeException if a position is out of range or the row's own is missing
     */
    void select(Selection selection, int[] sequences, int[] groupOfLayer, int firstDenseLayers);

    /**
     * Has the run of the step that was just set keep the queries of each sequence's last row.
     *
     * @param queryHeads of the model
     */
    void keepQueries(int queryHeads);

    /**
     * Queries that the run kept, turned on to the position behind the sequence's last row: [layers, queryHeads, headDim].
     *
     * @param sequence index in the step
     * @throws NativeException if the step's queries were not kept
     */
    float[] queries(int sequence);

    /** Copies keys and values of a page's first {@code slots} token positions to another page, all layers. */
    void copyPage(int fromPage, int toPage, int slots);

    @Override
    void close();
}
