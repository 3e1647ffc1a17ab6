package dev.contexture.kv.tier;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * The tier that outlives the process. Every call returns at once and is answered within the tier's time limit: an answer may
 * say that nothing could be done, but no stage completes exceptionally and none stays open. Safe for use by several
 * threads; answers come on threads of the tier, which must not be held up.
 */
public interface RemoteTier extends AutoCloseable {
    /** Whether calls are worth making now. */
    enum State {
        AVAILABLE,
        /** Calls are answered {@link Loaded.Unavailable} or {@link Stored#UNAVAILABLE} without being sent. */
        UNAVAILABLE
    }

    State state();

    /** What came of asking for one value. */
    sealed interface Loaded {
        /**
         * @param value sealed, as it was stored; the reader's to keep
         */
        record Found(ByteBuffer value) implements Loaded {}

        record Missing() implements Loaded {}

        /**
         * @param cause a short word for metrics: timeout, connection, overload, breaker, error
         */
        record Unavailable(String cause) implements Loaded {}
    }

    /** What came of storing one value. */
    enum Stored {
        STORED,
        /** The tier is there but takes no more. */
        FULL,
        UNAVAILABLE
    }

    /**
     * A value to store.
     *
     * @param value sealed; read until the answer is there
     */
    record Entry(TierKey key, ByteBuffer value) {}

    /**
     * @return an answer per key, in their order
     */
    CompletionStage<List<Loaded>> load(List<TierKey> keys);

    /**
     * @param timeToLive after which the values are gone; storing again begins it anew
     * @return an answer per entry, in their order
     */
    CompletionStage<List<Stored>> store(List<Entry> entries, Duration timeToLive);

    /**
     * Begins the time to live anew for those that are there.
     *
     * @return whether each is there, in their order; all false if the tier is not
     */
    CompletionStage<List<Boolean>> touch(List<TierKey> keys, Duration timeToLive);

    /**
     * Removes what is there of these.
     *
     * @return whether the tier did it; true if nothing was there
     */
    CompletionStage<Boolean> remove(List<TierKey> keys);

    @Override
    void close();
}
