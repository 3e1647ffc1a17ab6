package dev.contexture.nativelib;

/** Which of a pool's layers have their keys and values in host memory. Used by one thread only, between runs. */
public interface NativeLayers {
    /** Most layers that host memory has room for. */
    int mostHostLayers();

    /** Pages that the device has room for with so many layers in host memory; 0 where there is none. */
    int pageLimit(int hostLayers);

    /**
     * Moves layers, the last ones first.
     *
     * @param heldPages whose content moves along, all below the new limit
     */
    void place(int hostLayers, int[] heldPages);

    /** Of the last step: keys and values that its selections name in one layer in host memory, and those that were not on the device. */
    Loaded loaded();

    /**
     * Rows of one KV head.
     *
     * @param missing of those that were wanted
     */
    record Loaded(long wanted, long missing) {}
}
