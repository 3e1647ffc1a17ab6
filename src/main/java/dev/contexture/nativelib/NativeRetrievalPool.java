package dev.contexture.nativelib;

import dev.contexture.core.SelectionMatrix;

/** The retrieval head's key pool in the native library, seen from the control plane. Used by one thread only. */
public interface NativeRetrievalPool extends AutoCloseable {
    /** The id that the head graphs' {@code retrieval} input carries. */
    long id();

    long bytes();

    /**
     * Describes the next append: where each row's key goes.
     *
     * @throws NativeException if a position or slot is out of range
     */
    void setAppend(int[] positions, long[] slots);

    /**
     * Describes the next selection.
     *
     * @throws NativeException if a page is out of range, a budget does not hold sink and recent window, or blocks do not
     *     ascend
     */
    void setSelect(SelectStep step);

    /** What the last selection chose. */
    SelectionMatrix selection();

    /** Copies the keys of a page's first {@code slots} token positions to another page. */
    void copyPage(int fromPage, int toPage, int slots);

    @Override
    void close();
}
