package dev.contexture.retrieval;

import dev.contexture.core.DeviceSelection;

/**
 * Runs the retrieval head's graphs beside the model on its device. What the key pool is to do with the result must have been
 * said before each call. Features stay on the device: a sequence has a numbered place for those of its last token.
 */
public interface DeviceHead extends AutoCloseable {
    /** Places for sequences, numbered from 0. */
    int places();

    /**
     * Makes the selections, for one query per token.
     *
     * @param places of the tokens' sequences
     * @param owners of the places: another number for each sequence that ever had one
     */
    DeviceSelection select(int[] tokenIds, int[] places, int[] owners);

    /**
     * Makes the keys of all rows of the model's last run.
     *
     * @param carriedRows whose features go to {@code places}
     */
    void observe(int[] carriedRows, int[] places);

    @Override
    void close();
}
