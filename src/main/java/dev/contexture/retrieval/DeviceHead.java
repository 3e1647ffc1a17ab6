package dev.contexture.retrieval;

import dev.contexture.core.DeviceSelection;

/**
 * Runs the retrieval head's graphs beside the model on its device. What the key pool is to do with the result must have been
 * said before each call. Features stay on the device, in a table of rows that the caller allots to sequences and their tokens.
 */
public interface DeviceHead extends AutoCloseable {
    /** Rows of the table, numbered from 0. */
    int rows();

    /**
     * Makes the selections, for one query per token.
     *
     * @param featureRows of the tokens before these
     * @param places of the tokens' sequences, by numbers from 1
     * @param owners of the places: another number for each sequence that ever had one
     */
    DeviceSelection select(int[] tokenIds, int[] featureRows, int[] places, int[] owners);

    /**
     * Makes the keys of all rows of the model's last run.
     *
     * @param carriedRows of the run, whose features go to {@code featureRows}
     */
    void observe(int[] carriedRows, int[] featureRows);

    /** The features in a row. */
    float[] read(int featureRow);

    /**
     * @param features as {@link #read} gives them
     */
    void write(int featureRow, float[] features);

    @Override
    void close();
}
