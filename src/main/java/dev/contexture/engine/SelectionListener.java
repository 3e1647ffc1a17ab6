package dev.contexture.engine;

/** Hears how steps select, for metrics. Called on the loop's thread; must not block or throw. */
public interface SelectionListener {
    /** Hears nothing, as all of these do by themselves. */
    SelectionListener NONE = new SelectionListener() {};

    /** Why a row that should have been sparse attended to everything. */
    enum FallbackCause {
        /** The selection held too little of the head's attention. */
        LOW_MASS,
        /** The token before was not seen by this sequence, so the head has no query. */
        NO_QUERY,
        /** The sequence's blocks are not described: none has ended yet, or there is no room for more descriptors. */
        NO_DESCRIPTORS
    }

    /**
     * A step chose for its rows, whatever came of it.
     *
     * @param rows decode rows that got selections; the others attend to everything
     * @param reusedRows of these, rows that got the selection of an earlier step
     * @param chunks of prompts that got selections
     */
    default void selected(int rows, int reusedRows, int chunks, long nanos) {}

    /** A selection was made that holds this share of the retriever's own attention, also one that is not to be used. */
    default void weighed(double mass) {}

    default void fellBack(FallbackCause cause) {}

    /** Keys and values of layers moved between device and host memory. */
    default void placed(int hostLayers, long nanos) {}

    /**
     * A step selected with layers in host memory.
     *
     * @param wanted keys and values that its selections name there, counted by layer and KV head
     * @param missing of these, what was not on the device
     */
    default void loaded(long wanted, long missing) {}

    /** What the next selections need was kept of a step of so many rows. */
    default void observed(int rows, long nanos) {}
}
