package dev.contexture.kv.tier;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/** {@link TieredKvStore} as the step loop's traffic uses it; its figures can be read by other threads, a little late. */
public final class TieredBlockStore implements BlockStore {
    private static final long STATS_NANOS = 500_000_000;

    private final TieredKvStore store;
    private final LongSupplier nanos;
    private long statsAtNanos;
    private volatile TierStats stats;

    /**
     * @param nanos a monotonic clock
     */
    public TieredBlockStore(TieredKvStore store, LongSupplier nanos) {
        this.store = store;
        this.nanos = nanos;
        this.statsAtNanos = nanos.getAsLong();
        this.stats = store.stats();
    }

    @Override
    public void takeCompleted() {
        store.drainCompleted();
        if (nanos.getAsLong() - statsAtNanos > STATS_NANOS) {
            statsAtNanos = nanos.getAsLong();
            stats = store.stats();
        }
    }

    /** Of half a second ago, or of the loop's last turn. Safe for use by several threads. */
    public TierStats stats() {
        return stats;
    }

    @Override
    public TierLookup lookup(TierKey key) {
        return store.lookup(key);
    }

    @Override
    public boolean isNear(TierKey key) {
        return store.isNear(key);
    }

    @Override
    public void prefetch(Owner owner, LoadPriority priority, List<Wanted> values) {
        store.prefetch(owner, priority, values);
    }

    @Override
    public boolean read(Owner owner, TierKey key, MemorySegment target) {
        Optional<HostPin> found = store.pin(key, owner);
        if (found.isEmpty()) {
            return false;
        }
        try (HostPin value = found.get()) {
            return value.bytes() == target.byteSize() && value.read(target);
        }
    }

    @Override
    public void put(Owner owner, NewValue value) {
        store.put(owner, List.of(value));
    }
}
