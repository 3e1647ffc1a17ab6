package dev.contexture.kv.tier;

import java.util.EnumMap;
import java.util.Map;

/** What has happened so far. */
final class Counters {
    final Map<RefusalReason, Long> refusals = new EnumMap<>(RefusalReason.class);
    final Map<TierStats.Direction, TierStats.Moved> moved = new EnumMap<>(TierStats.Direction.class);
    final Map<TierLookup, Long> lookups = new EnumMap<>(TierLookup.class);
    final Map<LoadResult.Outcome, Long> loads = new EnumMap<>(LoadResult.Outcome.class);
    final Map<TierStats.WriteEvent, Long> writes = new EnumMap<>(TierStats.WriteEvent.class);
    final Map<TierStats.RemovalEvent, Long> removals = new EnumMap<>(TierStats.RemovalEvent.class);
    long putWithoutRoom;

    Counters() {
        for (RefusalReason reason : RefusalReason.values()) {
            refusals.put(reason, 0L);
        }
        for (TierStats.Direction direction : TierStats.Direction.values()) {
            moved.put(direction, new TierStats.Moved(0, 0, 0));
        }
        for (TierLookup lookup : TierLookup.values()) {
            lookups.put(lookup, 0L);
        }
        for (LoadResult.Outcome outcome : LoadResult.Outcome.values()) {
            loads.put(outcome, 0L);
        }
        for (TierStats.WriteEvent event : TierStats.WriteEvent.values()) {
            writes.put(event, 0L);
        }
        for (TierStats.RemovalEvent event : TierStats.RemovalEvent.values()) {
            removals.put(event, 0L);
        }
    }

    void refused(RefusalReason reason) {
        refusals.merge(reason, 1L, Long::sum);
    }

    void lookedUp(TierLookup lookup) {
        lookups.merge(lookup, 1L, Long::sum);
    }

    void loaded(LoadResult.Outcome outcome) {
        loads.merge(outcome, 1L, Long::sum);
    }

    void wrote(TierStats.WriteEvent event) {
        writes.merge(event, 1L, Long::sum);
    }

    void removed(TierStats.RemovalEvent event, long keys) {
        removals.merge(event, keys, Long::sum);
    }

    void moved(TierStats.Direction direction, long values, long bytes, long nanos) {
        moved.merge(direction, new TierStats.Moved(values, bytes, nanos), TierStats.Moved::plus);
    }
}
