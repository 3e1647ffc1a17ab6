package dev.contexture.scheduler;

import dev.contexture.kv.BlockLocation;
import dev.contexture.kv.KvCache;
import dev.contexture.kv.tier.BlockCoder;
import dev.contexture.kv.tier.BlockPart;
import dev.contexture.kv.tier.BlockStore;
import dev.contexture.kv.tier.TierKey;
import java.lang.foreign.MemorySegment;

/**
 * What all traffic works with.
 *
 * @param buffer native memory for the largest part of a block
 */
record TrafficTools(
        KvCache kv,
        BlockStore store,
        BlockCoder coder,
        MemorySegment buffer,
        TrafficSettings settings,
        TrafficListener listener,
        NanoClock clock) {
    /**
     * Copies a stored part into the pool.
     *
     * @return its bytes; 0 if it is not there or not what was stored
     */
    int decode(TierKey key, BlockLocation place, BlockPart part) {
        MemorySegment value = buffer.asSlice(0, coder.bytes(part, place.tokens()));
        if (!store.read(key, value)) {
            return 0;
        }
        coder.decode(place, part, value);
        return (int) value.byteSize();
    }
}
