package dev.contexture.testing;

import dev.contexture.kv.tier.BlockStore;
import dev.contexture.kv.tier.TierKey;
import dev.contexture.kv.tier.TierUse;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** A store that keeps everything at hand. */
public final class HeapBlockStore implements BlockStore {
    private final Map<TierKey, byte[]> values = new HashMap<>();

    public void lose(Predicate<TierKey> lost) {
        values.keySet().removeIf(lost);
    }

    @Override
    public void drainCompleted() {}

    @Override
    public Presence lookup(TierKey key) {
        return values.containsKey(key) ? Presence.HIT : Presence.MISS;
    }

    @Override
    public void prefetch(List<TierKey> keys) {}

    @Override
    public boolean read(TierKey key, MemorySegment target) {
        byte[] value = values.get(key);
        if (value != null) {
            MemorySegment.copy(value, 0, target, ValueLayout.JAVA_BYTE, 0, value.length);
        }
        return value != null;
    }

    @Override
    public void put(TierKey key, MemorySegment value, int tokens, TierUse use) {
        values.putIfAbsent(key, value.toArray(ValueLayout.JAVA_BYTE));
    }
}
