package dev.contexture.kv.tier;

import java.lang.foreign.MemorySegment;
import java.util.List;

/** Stored values as the step loop sees them. Used by the loop's thread only; no call waits for anything. */
public interface BlockStore {
    /** Where a value is. */
    enum Presence {
        /** In host memory: {@link #read} gives it. */
        HIT,
        /** On its way to host memory, or it is not known yet whether it is anywhere. */
        PENDING,
        /** Nowhere. */
        MISS,
        /** Perhaps in a tier that cannot be reached now. */
        UNAVAILABLE
    }

    /** Once per turn, before all else: takes in what was completed since. */
    void drainCompleted();

    Presence lookup(TierKey key);

    /** Brings values to host memory, in this order; those that are there or on their way cost nothing. */
    void prefetch(List<TierKey> keys);

    /**
     * Copies a value.
     *
     * @param target of exactly the value's bytes
     * @return false if it is not there, or is not what was stored: it is forgotten then, and counted
     */
    boolean read(TierKey key, MemorySegment target);

    /**
     * Stores a value, unless there is no room that it may have; a value that is there stays.
     *
     * @param value copied
     * @param tokens of its block
     */
    void put(TierKey key, MemorySegment value, int tokens, TierUse use);
}
