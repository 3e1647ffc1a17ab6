package dev.contexture.kv.tier;

import java.lang.foreign.MemorySegment;
import java.util.List;

/** Stored values as the step loop sees them. Used by the loop's thread only; no call waits for anything. */
public interface BlockStore {
    /** Once per turn, before all else: takes in what was completed since. */
    void takeCompleted();

    /** A value that was asked for and is not pending any more is a {@link TierLookup#MISS} if it could not be brought. */
    TierLookup lookup(TierKey key);

    /** Whether a value is in host memory; for estimates, not counted as a lookup. */
    boolean isNear(TierKey key);

    /** Brings values to host memory, in this order; those that are there or on their way cost nothing. */
    void prefetch(Owner owner, LoadPriority priority, List<Wanted> values);

    /**
     * Copies a value.
     *
     * @param target of exactly the value's bytes
     * @return false if it is not there, or is not what was stored: it is forgotten then, and counted
     */
    boolean read(Owner owner, TierKey key, MemorySegment target);

    /** Stores a value, unless there is no room that it may have; one that is there stays. */
    void put(Owner owner, NewValue value);
}
