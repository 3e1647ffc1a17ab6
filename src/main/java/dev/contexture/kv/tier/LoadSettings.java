package dev.contexture.kv.tier;

/**
 * How values come from the remote tier.
 *
 * @param queuedValues most values that wait to be asked for
 * @param batchValues most values of one call
 * @param batches most calls under way
 */
public record LoadSettings(int queuedValues, int batchValues, int batches) {
    public LoadSettings {
        requirePositive(queuedValues, "queuedValues");
        requirePositive(batchValues, "batchValues");
        requirePositive(batches, "batches");
    }

    private static void requirePositive(int value, String name) {
        if (value <= 0) {
            throw new IllegalArgumentException(name + " must be positive but is " + value);
        }
    }
}
