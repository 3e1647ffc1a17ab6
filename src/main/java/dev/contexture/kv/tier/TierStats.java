package dev.contexture.kv.tier;

import java.util.Map;

/**
 * The tiers below the device at one moment, and what has happened since the start. Maps have an entry for each of their enum's
 * constants.
 *
 * @param tenants what each namespace has in host memory
 * @param moved by direction
 * @param loads by outcome
 * @param putWithoutRoom values that host memory had no room for: neither kept nor written
 */
public record TierStats(
        Host host,
        Queues queues,
        Map<String, Usage> tenants,
        Map<Direction, Moved> moved,
        Map<TierLookup, Long> lookups,
        Map<LoadResult.Outcome, Long> loads,
        Map<WriteEvent, Long> writes,
        Map<RemovalEvent, Long> removals,
        Map<RefusalReason, Long> refusals,
        long putWithoutRoom) {
    /**
     * @param occupiedBytes memory in use, the unused ends of units among it
     * @param valueBytes what the values themselves have
     * @param pinnedBytes of pinned sessions
     * @param demotedValues evicted and still held by the remote tier
     * @param evictedLostValues evicted though the remote tier did not have them
     */
    public record Host(
            long limitBytes,
            long occupiedBytes,
            long valueBytes,
            int values,
            long pinnedBytes,
            long demotedValues,
            long evictedLostValues) {}

    /** What waits or is under way. */
    public record Queues(long unwrittenBytes, int unwrittenValues, int wantedValues, int removals, int lostValues) {}

    /**
     * What is attributed to a tenant or an owner in host memory.
     *
     * @param occupiedBytes as in {@link Host}
     */
    public record Usage(long occupiedBytes, int values) {
        static final Usage NONE = new Usage(0, 0);

        Usage plus(Usage other) {
            return new Usage(occupiedBytes + other.occupiedBytes, values + other.values);
        }
    }

    public enum Direction {
        /** From the device to host memory. */
        HOST_STORE,
        /** From host memory to the device. */
        HOST_LOAD,
        /** Sealed, sent and acknowledged; sealed bytes. */
        REMOTE_STORE,
        /** Asked for, received and opened; opened bytes. */
        REMOTE_LOAD
    }

    /**
     * @param nanos during which it moved; of the remote tier from the call to its answer, so calls at once count each
     */
    public record Moved(long values, long bytes, long nanos) {
        Moved plus(Moved other) {
            return new Moved(values + other.values, bytes + other.bytes, nanos + other.nanos);
        }
    }

    public enum WriteEvent {
        STORED,
        RETRIED,
        /** The queue was full. */
        DROPPED,
        /** The remote tier takes no more. */
        FULL,
        /** Too many attempts. */
        FAILED,
        /** Waited too long. */
        EXPIRED,
        /** Could not be sealed. */
        NOT_SEALED
    }

    public enum RemovalEvent {
        REMOVED,
        RETRIED,
        /** Too many attempts, or too many removals wait: the values stay until their time to live ends. */
        GIVEN_UP
    }
}
