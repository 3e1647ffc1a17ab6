package dev.contexture.scheduler;

import dev.contexture.kv.BlockLocation;
import dev.contexture.kv.BlockSpan;
import dev.contexture.kv.KnownBlock;
import dev.contexture.kv.KvCache;
import dev.contexture.kv.SlotRequest;
import dev.contexture.kv.StepReservation;
import dev.contexture.kv.StepSlots;
import dev.contexture.kv.tier.BlockCoder;
import dev.contexture.kv.tier.BlockPart;
import dev.contexture.kv.tier.BlockStore;
import dev.contexture.kv.tier.BlockStore.Presence;
import dev.contexture.kv.tier.TierKey;
import dev.contexture.kv.tier.TierUse;
import dev.contexture.scheduler.TrafficListener.RestoreEnd;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Moves whole blocks between the KV pool and the store.
 *
 * <p>Out: a sequence that ends leaves its blocks in the pool's prefix cache, and from there they are stored a few per turn. No page
 * is held for that: a block whose page is given to others first was not stored in time, and is counted. In: a block is reserved and
 * committed as a step's tokens are, so one that cannot be had leaves nothing behind, and computing goes on from there.
 */
public final class TierTraffic implements BlockTraffic {
    /** A chunk of a single row runs through other products than longer ones, and the last row is wanted for its logits. */
    private static final int LEAST_ROWS = 2;

    private final KvCache kv;
    private final BlockStore store;
    private final BlockCoder coder;
    private final MemorySegment buffer;
    private final TrafficSettings settings;
    private final TrafficListener listener;
    private final NanoClock clock;
    private final ArrayDeque<Leaving> leaving = new ArrayDeque<>();

    /** A block that is to be stored. */
    private record Leaving(KnownBlock block, TierUse use) {}

    /**
     * @param buffer native memory for the largest part of a block
     */
    public TierTraffic(
            KvCache kv,
            BlockStore store,
            BlockCoder coder,
            MemorySegment buffer,
            TrafficSettings settings,
            TrafficListener listener,
            NanoClock clock) {
        this.kv = kv;
        this.store = store;
        this.coder = coder;
        this.buffer = buffer;
        this.settings = settings;
        this.listener = listener;
        this.clock = clock;
    }

    @Override
    public boolean turn() {
        store.drainCompleted();
        if (leaving.isEmpty()) {
            return false;
        }
        long begin = clock.nanos();
        long bytes = 0;
        int blocks = 0;
        int gone = 0;
        while (bytes < settings.turnBytes() && !leaving.isEmpty()) {
            Leaving next = leaving.removeFirst();
            Optional<BlockLocation> place = kv.locate(next.block.span());
            if (place.isEmpty()) {
                gone++;
                continue;
            }
            bytes += store(next, place.get());
            blocks++;
        }
        listener.stored(blocks, bytes, clock.nanos() - begin);
        if (gone > 0) {
            listener.gone(gone);
        }
        return !leaving.isEmpty();
    }

    /**
     * @return bytes handed over; none for parts that are stored already
     */
    private long store(Leaving block, BlockLocation place) {
        long bytes = 0;
        for (BlockPart part : coder.parts()) {
            TierKey key = block.use.key(block.block.span().key(), block.block.exact(), part);
            if (store.lookup(key) != Presence.HIT) {
                MemorySegment value = buffer.asSlice(0, coder.bytes(part, place.tokens()));
                coder.encode(place, part, value);
                store.put(key, value, place.tokens(), block.use);
                bytes += value.byteSize();
            }
        }
        return bytes;
    }

    @Override
    public void leave(List<KnownBlock> blocks, TierUse use) {
        int gone = 0;
        for (KnownBlock block : blocks) {
            if (!block.exact() && !use.storesApproximate()) {
                continue;
            }
            if (leaving.size() < settings.leavingBlocks()) {
                leaving.add(new Leaving(block, use));
            } else {
                gone++;
            }
        }
        if (gone > 0) {
            listener.gone(gone);
        }
    }

    @Override
    public void expect(List<BlockSpan> blocks, TierUse use) {
        List<TierKey> keys = new ArrayList<>();
        for (BlockSpan block : blocks) {
            if (keys.size() >= settings.aheadBlocks() * coder.parts().size()) {
                break;
            }
            if (kv.locate(block).isEmpty()) {
                addKeys(block, true, use, keys);
            }
        }
        store.prefetch(keys);
    }

    private void addKeys(BlockSpan block, boolean exact, TierUse use, List<TierKey> keys) {
        for (BlockPart part : coder.parts()) {
            keys.add(use.key(block.key(), exact, part));
        }
    }

    @Override
    public Restore restore(RestoredSequence sequence, List<BlockSpan> blocks, TierUse use) {
        return blocks.isEmpty() ? Restore.NOTHING : new Promotion(sequence, blocks, use);
    }

    /**
     * Blocks that were computed by attending to everything come first, under names that the whole scope shares; from the
     * first that nobody knows so, the sequence's lineage may have its own.
     */
    private final class Promotion implements Restore {
        private final RestoredSequence sequence;
        private final List<BlockSpan> blocks;
        private final TierUse use;
        private final long beginNanos = clock.nanos();
        private long waitingSinceNanos = beginNanos;
        private boolean exact = true;
        private int next;
        private int asked;
        private int restoredTokens;
        private long restoredBytes;

        private Promotion(RestoredSequence sequence, List<BlockSpan> blocks, TierUse use) {
            this.sequence = sequence;
            this.blocks = blocks;
            this.use = use;
        }

        @Override
        public Turn turn() {
            int before = restoredTokens;
            long bytesBefore = restoredBytes;
            while (true) {
                if (next == blocks.size() || blocks.get(next).end() > sequence.promptLength() - LEAST_ROWS) {
                    return end(before, RestoreEnd.COMPLETE);
                }
                if (restoredBytes - bytesBefore >= settings.turnBytes()) {
                    return new Turn(restoredTokens - before, Progress.MORE);
                }
                ask();
                switch (presence(blocks.get(next))) {
                    case HIT -> {
                        Optional<RestoreEnd> failed = bring(blocks.get(next));
                        if (failed.isPresent()) {
                            return end(before, failed.get());
                        }
                        next++;
                        waitingSinceNanos = clock.nanos();
                    }
                    case PENDING -> {
                        if (clock.nanos() - waitingSinceNanos > settings.longestWaitNanos()) {
                            return end(before, RestoreEnd.LATE);
                        }
                        return new Turn(restoredTokens - before, Progress.WAITING);
                    }
                    case MISS -> {
                        if (!exact || !sequence.takesApproximate() || !use.storesApproximate()) {
                            return end(before, RestoreEnd.MISS);
                        }
                        exact = false;
                        asked = next;
                    }
                    case UNAVAILABLE -> {
                        return end(before, RestoreEnd.UNAVAILABLE);
                    }
                }
            }
        }

        private Turn end(int before, RestoreEnd cause) {
            listener.restored(restoredTokens, restoredBytes, clock.nanos() - beginNanos, cause);
            return new Turn(restoredTokens - before, Progress.DONE);
        }

        /** Has the blocks ahead brought to host memory. */
        private void ask() {
            int until = Math.min(blocks.size(), next + settings.aheadBlocks());
            if (asked >= until || (asked > next && asked - next > settings.aheadBlocks() / 2)) {
                return;
            }
            List<TierKey> keys = new ArrayList<>();
            for (BlockSpan block : blocks.subList(asked, until)) {
                addKeys(block, exact, use, keys);
            }
            store.prefetch(keys);
            asked = until;
        }

        /** Of the part that is worst off. */
        private Presence presence(BlockSpan block) {
            Presence worst = Presence.HIT;
            for (BlockPart part : coder.parts()) {
                Presence each = store.lookup(use.key(block.key(), exact, part));
                worst = each.compareTo(worst) > 0 ? each : worst;
            }
            return worst;
        }

        /**
         * @return why not
         */
        private Optional<RestoreEnd> bring(BlockSpan block) {
            if (kv.missingPages(sequence.id(), block.tokens()) > kv.availablePages()) {
                return Optional.of(RestoreEnd.NO_PAGES);
            }
            if (!exact) {
                kv.becomeApproximate(sequence.id());
            }
            SlotRequest tokens = new SlotRequest(sequence.id(), sequence.tokens(block.begin(), block.end()));
            try (StepReservation reservation = kv.reserve(List.of(tokens))) {
                BlockLocation place = place(reservation.slots(), block);
                for (BlockPart part : coder.parts()) {
                    MemorySegment value = buffer.asSlice(0, coder.bytes(part, block.tokens()));
                    if (!store.read(use.key(block.key(), exact, part), value)) {
                        return Optional.of(RestoreEnd.REFUSED);
                    }
                    coder.decode(place, part, value);
                    restoredBytes += value.byteSize();
                }
                reservation.commit();
            }
            restoredTokens += block.tokens();
            return Optional.empty();
        }

        private BlockLocation place(StepSlots slots, BlockSpan block) {
            int[] pages = new int[slots.pageCount(0)];
            slots.copyPages(0, pages, 0);
            int firstPage = block.begin() / slots.pageTokens();
            int[] touched = Arrays.copyOfRange(pages, firstPage, (block.end() - 1) / slots.pageTokens() + 1);
            return new BlockLocation(touched, block.begin() - firstPage * slots.pageTokens(), block.tokens());
        }
    }
}
