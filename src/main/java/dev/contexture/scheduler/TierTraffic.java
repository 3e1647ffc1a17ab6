package dev.contexture.scheduler;

import dev.contexture.engine.Engine;
import dev.contexture.kv.BlockLocation;
import dev.contexture.kv.BlockSpan;
import dev.contexture.kv.KnownBlock;
import dev.contexture.kv.PrefixKey;
import dev.contexture.kv.tier.BlockCoder;
import dev.contexture.kv.tier.BlockMoveException;
import dev.contexture.kv.tier.BlockPart;
import dev.contexture.kv.tier.BlockStore;
import dev.contexture.kv.tier.LoadPriority;
import dev.contexture.kv.tier.NewValue;
import dev.contexture.kv.tier.Owner;
import dev.contexture.kv.tier.StoredName;
import dev.contexture.kv.tier.TierLookup;
import dev.contexture.kv.tier.TierUse;
import dev.contexture.kv.tier.Wanted;
import dev.contexture.scheduler.LeavingBlocks.Leaving;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves whole blocks between the KV pool and the store.
 *
 * <p>Out: a sequence that ends leaves its blocks in the pool's prefix cache, and from there they are stored a few per turn, in a share of the
 * time of steps: a device waits meanwhile, and computes a token again in less than storing it takes. No page
 * is held for that: a block whose page is given to others first was not stored in time, and is counted. In: a block is reserved and
 * committed as a step's tokens are, so one that cannot be had leaves nothing behind, and computing goes on from there.
 */
public final class TierTraffic implements BlockTraffic {
    private static final Logger LOG = LoggerFactory.getLogger(TierTraffic.class);

    private static final int MOST_REMEMBERED = 10_000;
    /** Of blocks one after the other that cannot be read; then the fault is not theirs. */
    private static final int MOST_FAILURES = 3;

    private final TrafficTools tools;
    private final BlockStore store;
    private final BlockCoder coder;
    private final TrafficSettings settings;
    private final RestorePlanner planner;
    private final RestoreAudit audit;
    private final BackgroundTime background;
    private final LeavingBlocks leaving;
    private final List<PartialResidency> partial = new ArrayList<>();
    private int failures;
    private final BlockScores scores = new BlockScores();
    /** Sessions that were erased: a turn of theirs may still run. */
    private final LastOwners erased = new LastOwners(MOST_REMEMBERED);
    /** Sessions of whose last turn not all was stored. */
    private final LastOwners lost = new LastOwners(MOST_REMEMBERED);

    public TierTraffic(TrafficTools tools) {
        this.tools = tools;
        this.store = tools.store();
        this.coder = tools.coder();
        this.settings = tools.settings();
        this.audit = tools.audit();
        this.leaving = new LeavingBlocks(settings.leavingBlocks());
        this.background = new BackgroundTime(settings.stepShare(), settings.turnNanos());
        this.planner = new RestorePlanner(tools);
    }

    /** What the last steps of sessions selected. Used by the loop's thread only. */
    public BlockScores scores() {
        return scores;
    }

    /** A session is gone for good: nothing that it left is stored any more, nor what a turn of it that still runs will leave. */
    public void erase(Owner session) {
        leaving.removeOf(session::equals);
        lost.remove(session);
        erased.add(session);
    }

    /** What a tenant left until now is not stored any more. */
    public void eraseNamespace(String namespace) {
        leaving.removeOf(owner -> owner.namespace().equals(namespace));
    }

    @Override
    public boolean turn(long stepNanos) {
        store.takeCompleted();
        boolean filling = fill();
        background.earn(stepNanos);
        if (background.leftNanos() > 0) {
            long begin = tools.clock().nanos();
            storeMore(background.leftNanos());
            background.spend(tools.clock().nanos() - begin);
        }
        return filling || !leaving.isEmpty();
    }

    /** Completes sequences that are there in part, the oldest first. */
    private boolean fill() {
        partial.removeIf(PartialResidency::isOver);
        if (!settings.partial().fills()) {
            return false;
        }
        for (PartialResidency each : partial) {
            if (each.mayFill()) {
                return each.fill();
            }
        }
        return false;
    }

    private void storeMore(long longestNanos) {
        TrafficListener listener = tools.listener();
        if (audit.isBreached() && !leaving.isEmpty()) {
            listener.gone(giveUp());
        }
        if (leaving.isEmpty()) {
            return;
        }
        NanoClock clock = tools.clock();
        long begin = clock.nanos();
        long bytes = 0;
        int blocks = 0;
        int gone = 0;
        while (!settings.isSpent(bytes, clock.nanos() - begin)
                && clock.nanos() - begin < longestNanos
                && !leaving.isEmpty()) {
            Leaving next = leaving.next();
            Optional<BlockLocation> place = tools.kv().locate(next.block().span());
            if (place.isEmpty()) {
                if (!isStored(next)) {
                    lost.add(next.use().owner());
                    gone++;
                }
                continue;
            }
            try {
                bytes += store(next, place.get());
                blocks++;
                failures = 0;
            } catch (BlockMoveException e) {
                lost.add(next.use().owner());
                if (++failures < MOST_FAILURES) {
                    LOG.warn("A block is not stored: {}", e.getMessage());
                    gone++;
                    continue;
                }
                int behind = giveUp();
                LOG.warn("Not stored, and {} blocks behind it neither: {}", behind, e.getMessage());
                gone += 1 + behind;
            }
        }
        listener.stored(blocks, bytes, clock.nanos() - begin);
        if (gone > 0) {
            listener.gone(gone);
        }
    }

    private boolean isStored(Leaving block) {
        return coder.parts().stream()
                .allMatch(part -> store.lookup(stored(block, part).key()) == TierLookup.HIT);
    }

    private StoredName stored(Leaving block, BlockPart part) {
        PrefixKey name =
                block.use().name(block.block().span().key(), block.block().exact());
        return tools.wanted(block.use(), name, part, block.block().span()).name();
    }

    private int giveUp() {
        int count = 0;
        while (!leaving.isEmpty()) {
            lost.add(leaving.next().use().owner());
            count++;
        }
        return count;
    }

    /** Whether blocks that a session's last turn left were given to others, or had no place to wait, before they were stored. */
    public boolean hasLost(Owner session) {
        return lost.contains(session);
    }

    /**
     * @return bytes handed over; none for parts that are stored already
     */
    private long store(Leaving block, BlockLocation place) {
        long bytes = 0;
        for (BlockPart part : coder.parts()) {
            StoredName stored = stored(block, part);
            if (store.lookup(stored.key()) != TierLookup.HIT) {
                MemorySegment value = tools.buffer().asSlice(0, coder.bytes(part, place.tokens()));
                coder.encode(place, part, value);
                store.put(
                        block.use().owner(),
                        new NewValue(stored, block.block().span().begin(), value));
                bytes += value.byteSize();
            }
        }
        return bytes;
    }

    @Override
    public void leave(Left left, TierUse use) {
        if (erased.contains(use.owner())) {
            return;
        }
        List<KnownBlock> blocks = left.blocks();
        if (use.storesApproximate() && !blocks.isEmpty()) {
            left.carried().ifPresent(numbers -> carry(blocks.getLast(), numbers, use));
            left.selected().ifPresent(selected -> scores.note(use.owner(), blocks, selected));
        }
        lost.remove(use.owner());
        int gone = 0;
        for (KnownBlock block : blocks) {
            if (!block.exact() && !use.storesApproximate()) {
                continue;
            }
            Optional<Leaving> without = leaving.add(new Leaving(block, use));
            if (without.isPresent()) {
                lost.add(without.get().use().owner());
                gone++;
            }
        }
        if (gone > 0) {
            tools.listener().gone(gone);
        }
    }

    private void carry(KnownBlock block, float[] numbers, TierUse use) {
        MemorySegment value = tools.buffer().asSlice(0, numbers.length * (long) Float.BYTES);
        MemorySegment.copy(numbers, 0, value, ValueLayout.JAVA_FLOAT_UNALIGNED, 0, numbers.length);
        PrefixKey name = use.name(block.span().key(), false);
        StoredName stored =
                tools.wanted(use, name, BlockPart.CARRY, block.span()).name();
        store.put(use.owner(), new NewValue(stored, block.span().begin(), value));
    }

    /** What selections need of a session that may come back in part; else the first blocks. */
    @Override
    public void expect(List<BlockSpan> blocks, TierUse use) {
        if (audit.isBreached()) {
            return;
        }
        if (planner.expectsPart(blocks, use)) {
            BlockPart index = coder.index().orElseThrow();
            List<Wanted> needed = new ArrayList<>();
            for (BlockSpan block : blocks) {
                if (block.end() <= use.resumeTokens()
                        && tools.kv().locate(block).isEmpty()) {
                    needed.add(tools.wanted(use, use.name(block.key(), true), index, block));
                }
            }
            store.prefetch(use.owner(), LoadPriority.AHEAD, needed);
            return;
        }
        if (!planner.expectsWhole(blocks)) {
            return;
        }
        List<Wanted> wanted = new ArrayList<>();
        for (BlockSpan block : blocks) {
            if (wanted.size() >= settings.aheadBlocks() * coder.parts().size()) {
                break;
            }
            if (tools.kv().locate(block).isEmpty()) {
                coder.parts().forEach(part -> wanted.add(tools.wanted(use, block.key(), part, block)));
            }
        }
        store.prefetch(use.owner(), LoadPriority.AHEAD, wanted);
    }

    @Override
    public Restore restore(RestoredSequence sequence, List<BlockSpan> blocks, TierUse use) {
        if (blocks.isEmpty() || audit.isBreached()) {
            return Restore.NOTHING;
        }
        RestoreReport plan = planner.plan(sequence, blocks, use);
        tools.listener().planned(plan);
        Patience patience = new Patience(plan.computeNanos(), settings.longestWaitNanos());
        BitSet near = new BitSet();
        for (int i = 0; i < blocks.size(); i++) {
            near.set(i, planner.isNear(sequence, blocks.get(i), use));
        }
        Supplier<Restore.Turn> turns = switch (plan.choice()) {
            case WHOLE -> new Promotion(tools, plan, sequence, blocks, use, patience)::turn;
            case RECOMPUTE -> new Promotion(tools, plan, sequence, blocks, use, Patience.none())::turn;
            case PARTIAL -> new PartialPromotion(tools, plan, sequence, blocks, use, patience, partial::add)::turn;
        };
        return new TalliedRestore(turns, plan, blocks, near);
    }

    @Override
    public void computed(int from, int tokens, long nanos) {
        tools.gate().computed(from, tokens, nanos);
    }

    @Override
    public boolean idle(Engine engine) {
        boolean due = audit.hasWork();
        audit.run(engine, tools);
        return due;
    }
}
