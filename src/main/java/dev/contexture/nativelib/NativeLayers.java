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

    /** Of the last step. */
    Loaded loaded();

    /**
     * Keys and values of layers in host memory, counted by layer and KV head.
     *
     * @param wanted by selections
     * @param missing of these, what was not on the device
     */
    record Loaded(long wanted, long missing) {}
}
