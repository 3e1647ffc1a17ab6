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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A store that loses, delays and refuses values as a seed says, but never gives a wrong one. */
public final class FlakyBlockStore implements BlockStore {
    private static final int LONGEST_WAY_TURNS = 6;

    private final Random random;
    private final Map<TierKey, byte[]> near = new HashMap<>();
    private final Map<TierKey, byte[]> far = new HashMap<>();
    private final Map<TierKey, Integer> onTheWay = new HashMap<>();
    private boolean reachable = true;

    /** Values that were given back. */
    public int reads;

    public FlakyBlockStore(Random random) {
        this.random = random;
    }

    @Override
    public void takeCompleted() {
        if (random.nextInt(40) == 0) {
            reachable = !reachable;
        }
        if (random.nextInt(20) == 0) {
            demote();
        }
        List<TierKey> arrived = new ArrayList<>();
        onTheWay.replaceAll((key, turns) -> turns - 1);
        onTheWay.forEach((key, turns) -> {
            if (turns <= 0) {
                arrived.add(key);
            }
        });
        for (TierKey key : arrived) {
            onTheWay.remove(key);
            byte[] value = far.get(key);
            if (value != null && reachable) {
                near.put(key, value);
            }
        }
    }

    /** All leave host memory, some for good. */
    private void demote() {
        near.forEach((key, value) -> {
            if (random.nextInt(8) > 0) {
                far.put(key, value);
            }
        });
        near.clear();
    }

    @Override
    public boolean isNear(TierKey key) {
        return near.containsKey(key);
    }

    @Override
    public TierLookup lookup(TierKey key) {
        if (near.containsKey(key)) {
            return TierLookup.HIT;
        }
        if (onTheWay.containsKey(key)) {
            return TierLookup.PENDING;
        }
        return reachable ? TierLookup.MISS : TierLookup.UNAVAILABLE;
    }

    @Override
    public void prefetch(Owner owner, LoadPriority priority, List<Wanted> wanted) {
        for (Wanted each : wanted) {
            TierKey key = each.name().key();
            if (!near.containsKey(key) && reachable) {
                onTheWay.putIfAbsent(key, 1 + random.nextInt(LONGEST_WAY_TURNS));
            }
        }
    }

    @Override
    public boolean read(Owner owner, TierKey key, MemorySegment target) {
        byte[] value = near.get(key);
        if (value == null || random.nextInt(50) == 0) {
            near.remove(key);
            far.remove(key);
            return false;
        }
        reads++;
        MemorySegment.copy(value, 0, target, ValueLayout.JAVA_BYTE, 0, value.length);
        return true;
    }

    @Override
    public void put(Owner owner, NewValue value) {
        if (random.nextInt(30) > 0) {
            TierKey key = value.name().key();
            byte[] bytes = value.payload().toArray(ValueLayout.JAVA_BYTE);
            byte[] before = near.putIfAbsent(key, bytes);
            if (before != null && !Arrays.equals(before, bytes)) {
                throw new AssertionError("two blocks have the name " + key);
            }
        }
    }
}
