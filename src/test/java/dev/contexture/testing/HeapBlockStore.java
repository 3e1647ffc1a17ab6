package dev.contexture.testing;

import dev.contexture.kv.tier.BlockStore;
import dev.contexture.kv.tier.LoadPriority;
import dev.contexture.kv.tier.NewValue;
import dev.contexture.kv.tier.Owner;
import dev.contexture.kv.tier.TierKey;
import dev.contexture.kv.tier.TierLookup;
import dev.contexture.kv.tier.Wanted;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** A store that keeps everything at hand. */
public final class HeapBlockStore implements BlockStore {
    private final Map<TierKey, byte[]> values = new HashMap<>();

    public int size() {
        return values.size();
    }

    public void lose(Predicate<TierKey> lost) {
        values.keySet().removeIf(lost);
    }

    @Override
    public void takeCompleted() {}

    @Override
    public TierLookup lookup(TierKey key) {
        return values.containsKey(key) ? TierLookup.HIT : TierLookup.MISS;
    }

    @Override
    public boolean isNear(TierKey key) {
        return values.containsKey(key);
    }

    @Override
    public void prefetch(Owner owner, LoadPriority priority, List<Wanted> wanted) {}

    @Override
    public boolean read(Owner owner, TierKey key, MemorySegment target) {
        byte[] value = values.get(key);
        if (value != null) {
            MemorySegment.copy(value, 0, target, ValueLayout.JAVA_BYTE, 0, value.length);
        }
        return value != null;
    }

    @Override
    public void put(Owner owner, NewValue value) {
        values.putIfAbsent(value.name().key(), value.payload().toArray(ValueLayout.JAVA_BYTE));
    }
}
