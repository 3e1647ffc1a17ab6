package dev.contexture.kv.tier;

import java.time.Duration;

/**
 * How values are written to the remote tier behind the caller's back.
 *
 * @param unwrittenBytesMost what may wait or be under way; beyond it values are not written at all
 * @param batchValues most values of one call
 * @param batchBytes most payload of one call; a single larger value goes alone
 * @param batches most calls under way
 * @param attempts most calls for a value
 * @param retryDelay pause after a call that failed; doubles up to 32 times with every further one
 * @param giveUpAfter time for which a value may wait, whatever it waits for
 * @param timeToLive of a stored value
 * @param lostKeys most lost values to remember by key
 */
public record WriteSettings(
        long unwrittenBytesMost,
        int batchValues,
        long batchBytes,
        int batches,
        int attempts,
        Duration retryDelay,
        Duration giveUpAfter,
        Duration timeToLive,
        int lostKeys) {
    public WriteSettings {
        requirePositive(unwrittenBytesMost, "unwrittenBytesMost");
        requirePositive(batchValues, "batchValues");
        requirePositive(batchBytes, "batchBytes");
        requirePositive(batches, "batches");
        requirePositive(attempts, "attempts");
        requirePositive(retryDelay.toNanos(), "retryDelay");
        requirePositive(giveUpAfter.toNanos(), "giveUpAfter");
        requirePositive(timeToLive.toMillis(), "timeToLive");
        requirePositive(lostKeys, "lostKeys");
    }

    private static void requirePositive(long value, String name) {
        if (value <= 0) {
            throw new IllegalArgumentException(name + " must be positive but is " + value);
        }
    }
}
