package dev.contexture.scheduler;

import dev.contexture.engine.StepMemory;
import dev.contexture.kv.BlockLocation;
import dev.contexture.kv.BlockSpan;
import dev.contexture.kv.KvCache;
import dev.contexture.kv.PrefixKey;
import dev.contexture.kv.SlotRequest;
import dev.contexture.kv.tier.BlockCoder;
import dev.contexture.kv.tier.BlockMoveException;
import dev.contexture.kv.tier.BlockPart;
import dev.contexture.kv.tier.BlockStore;
import dev.contexture.kv.tier.Owner;
import dev.contexture.kv.tier.StoredName;
import dev.contexture.kv.tier.TierKey;
import dev.contexture.kv.tier.TierUse;
import dev.contexture.kv.tier.Wanted;
import java.lang.foreign.MemorySegment;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What all traffic between the KV pool and the tiers works with.
 *
 * @param memory of the engine that runs the pool's steps
 * @param buffer native memory for the largest part of a block
 */
public record TrafficTools(
        KvCache kv,
        StepMemory memory,
        BlockStore store,
        BlockCoder coder,
        MemorySegment buffer,
        TrafficSettings settings,
        RestoreGate gate,
        RestoreAudit audit,
        TrafficListener listener,
        NanoClock clock) {
    private static final Logger LOG = LoggerFactory.getLogger(TrafficTools.class);

    /** A part of a block, by the name that the block is stored under. */
    Wanted wanted(TierUse use, PrefixKey name, BlockPart part, BlockSpan block) {
        return new Wanted(new StoredName(use.key(name, part), coder.form(part, block.tokens())), block.begin());
    }

    /** Whether there are pages for tokens that are to be brought; layers that may leave the device do so for them. */
    boolean makeRoom(SlotRequest tokens) {
        int missing = kv.missingPages(tokens.sequenceId(), tokens.count());
        if (missing > kv.takeablePages() && missing <= kv.availablePages()) {
            memory.makeRoom(tokens);
        }
        return missing <= kv.takeablePages();
    }

    /**
     * Copies a stored part into the pool.
     *
     * @return its bytes; 0 if it is not there, not what was stored, or cannot be copied
     */
    int decode(Owner owner, TierKey key, BlockLocation place, BlockPart part) {
        long begin = clock.nanos();
        MemorySegment value = buffer.asSlice(0, coder.bytes(part, place.tokens()));
        if (!store.read(owner, key, value)) {
            return 0;
        }
        try {
            coder.decode(place, part, value);
        } catch (BlockMoveException e) {
            LOG.warn("Computed instead: {}", e.getMessage());
            return 0;
        }
        gate.moved(value.byteSize(), clock.nanos() - begin);
        return (int) value.byteSize();
    }
}
