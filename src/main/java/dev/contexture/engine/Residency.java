package dev.contexture.engine;

import dev.contexture.core.SelectionMatrix;

/** A sequence of whose earlier tokens only those keys and values are in the pool that selections have wanted so far. */
public interface Residency {
    /** Most tokens of the blocks that a step may choose from, layer group by layer group and head by head. */
    int tokens();

    /** Tokens of a new message that one selection is made for. */
    int chunkTokens();

    /** Whether everything is there by now. */
    boolean isComplete();

    /**
     * Brings what is selected and missing, before the model runs. Waits for it, for as long as is worth it.
     *
     * @param selection of one row
     * @throws LostBlocksException if something cannot be had
     */
    void bring(SelectionMatrix selection);

    /** The sequence has ended or lost its pages: nothing more is brought. */
    void close();
}
