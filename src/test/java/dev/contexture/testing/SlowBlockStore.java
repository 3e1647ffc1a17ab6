package dev.contexture.testing;

import dev.contexture.kv.tier.BlockStore;
import dev.contexture.kv.tier.LoadPriority;
import dev.contexture.kv.tier.NewValue;
import dev.contexture.kv.tier.Owner;
import dev.contexture.kv.tier.TierKey;
import dev.contexture.kv.tier.TierLookup;
import dev.contexture.kv.tier.Wanted;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A store whose values come so many turns after they were asked for. */
public final class SlowBlockStore implements BlockStore {
    private final BlockStore values;
    private final int turns;
    private final Set<TierKey> near = new HashSet<>();
    private final Map<TierKey, Integer> onTheWay = new HashMap<>();
    private int pendingTurns;
    private boolean pendingSeen;

    public SlowBlockStore(BlockStore values, int turns) {
        this.values = values;
        this.turns = turns;
    }

    public void leaveHostMemory() {
        near.clear();
        pendingTurns = 0;
    }

    /** Turns in which somebody asked for something that was on its way. */
    public int waitedTurns() {
        return pendingTurns;
    }

    @Override
    public void takeCompleted() {
        pendingTurns += pendingSeen ? 1 : 0;
        pendingSeen = false;
        onTheWay.replaceAll((key, left) -> left - 1);
        onTheWay.forEach((key, left) -> {
            if (left <= 0) {
                near.add(key);
            }
        });
        onTheWay.keySet().removeAll(near);
    }

    @Override
    public TierLookup lookup(TierKey key) {
        pendingSeen |= onTheWay.containsKey(key);
        return isNear(key) ? TierLookup.HIT : onTheWay.containsKey(key) ? TierLookup.PENDING : TierLookup.MISS;
    }

    @Override
    public boolean isNear(TierKey key) {
        return near.contains(key) && values.lookup(key) == TierLookup.HIT;
    }

    @Override
    public void prefetch(Owner owner, LoadPriority priority, List<Wanted> wanted) {
        for (Wanted each : wanted) {
            TierKey key = each.name().key();
            if (!near.contains(key) && values.lookup(key) == TierLookup.HIT) {
                onTheWay.putIfAbsent(key, turns);
            }
        }
    }

    @Override
    public boolean read(Owner owner, TierKey key, MemorySegment target) {
        return near.contains(key) && values.read(owner, key, target);
    }

    @Override
    public void put(Owner owner, NewValue value) {
        values.put(owner, value);
        near.add(value.name().key());
    }
}
