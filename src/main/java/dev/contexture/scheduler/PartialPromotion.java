package dev.contexture.scheduler;

import static dev.contexture.scheduler.Promotion.LEAST_ROWS;

import dev.contexture.kv.BlockSpan;
import dev.contexture.kv.KvCache;
import dev.contexture.kv.PrefixKey;
import dev.contexture.kv.SlotRequest;
import dev.contexture.kv.StepReservation;
import dev.contexture.kv.tier.BlockPart;
import dev.contexture.kv.tier.LoadPriority;
import dev.contexture.kv.tier.TierKey;
import dev.contexture.kv.tier.TierLookup;
import dev.contexture.kv.tier.TierUse;
import dev.contexture.kv.tier.Wanted;
import dev.contexture.scheduler.BlockTraffic.Restore.Progress;
import dev.contexture.scheduler.BlockTraffic.Restore.Turn;
import dev.contexture.scheduler.TrafficListener.RestoreEnd;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A session that goes on before its keys and values are back (SpeContext, arXiv 2512.00722, read across turns). What
 * selections need comes first: the retriever's index of all blocks, and what it carried behind the last. Then the sequence runs,
 * and keys and values follow as they are selected. Where something of that is missing, the blocks come back whole, or are
 * computed.
 */
final class PartialPromotion {
    /** The turn before ended within this many blocks of the last one before the session's last token. */
    private static final int LAST_BLOCKS = 6;

    private final TrafficTools tools;
    private final RestoreReport plan;
    private final Patience patience;
    private final BlockTraffic.RestoredSequence sequence;
    private final List<BlockSpan> blocks;
    private final TierUse use;
    private final Consumer<PartialResidency> begun;
    private final long beginNanos;
    /** The block behind which the sequence goes on is one of these, the last that is possible first. */
    private final List<Integer> lasts;

    private final List<PrefixKey> names = new ArrayList<>();
    private boolean waited;
    /** Blocks before this one have the names that the whole scope shares. */
    private int exactBlocks;

    private Optional<Promotion> whole = Optional.empty();

    /**
     * @param begun told of the sequence once it runs
     */
    PartialPromotion(
            TrafficTools tools,
            RestoreReport plan,
            BlockTraffic.RestoredSequence sequence,
            List<BlockSpan> blocks,
            TierUse use,
            Patience patience,
            Consumer<PartialResidency> begun) {
        this.tools = tools;
        this.plan = plan;
        this.patience = patience;
        this.sequence = sequence;
        this.blocks = blocks;
        this.use = use;
        this.begun = begun;
        this.beginNanos = tools.clock().nanos();
        this.lasts = possibleLasts(sequence, blocks, use);
        this.exactBlocks = lasts.isEmpty() ? 0 : lasts.getFirst() + 1;
        if (lasts.isEmpty()) {
            comeWhole();
        } else {
            ask();
        }
    }

    /** Blocks behind which a session may go on in part, the last first; none if it cannot. */
    static List<Integer> possibleLasts(BlockTraffic.RestoredSequence sequence, List<BlockSpan> blocks, TierUse use) {
        int most = Math.min(use.resumeTokens(), sequence.length() - LEAST_ROWS);
        List<Integer> found = new ArrayList<>();
        for (int i = blocks.size() - 1; i >= 0 && found.size() < LAST_BLOCKS; i--) {
            if (blocks.get(i).end() <= most && sequence.selects(blocks.get(i).end())) {
                found.add(i);
            }
        }
        return found;
    }

    private void comeWhole() {
        patience.waited(tools.clock().nanos() - beginNanos);
        whole = Optional.of(new Promotion(tools, plan, sequence, blocks, use, patience));
    }

    private void ask() {
        List<Wanted> wanted = new ArrayList<>();
        for (int last : lasts) {
            PrefixKey name = use.name(blocks.get(last).key(), false);
            wanted.add(tools.wanted(use, name, BlockPart.CARRY, blocks.get(last)));
        }
        for (int i = 0; i <= lasts.getFirst(); i++) {
            names.add(use.name(blocks.get(i).key(), true));
            wanted.add(wantedIndex(i));
        }
        tools.store().prefetch(use.owner(), LoadPriority.SOON, wanted);
    }

    private Wanted wantedIndex(int block) {
        return tools.wanted(use, names.get(block), tools.coder().index().orElseThrow(), blocks.get(block));
    }

    private TierKey carry(int block) {
        return use.key(use.name(blocks.get(block).key(), false), BlockPart.CARRY);
    }

    private TierKey index(int block) {
        return use.key(names.get(block), tools.coder().index().orElseThrow());
    }

    /** Moves what is there. */
    Turn turn() {
        if (whole.isPresent()) {
            return whole.get().turn();
        }
        boolean late = !patience.outlasts(tools.clock().nanos() - beginNanos);
        TierLookup carried = TierLookup.MISS;
        int last = -1;
        for (int each : lasts) {
            carried = tools.store().lookup(carry(each));
            last = each;
            if (carried == TierLookup.HIT || carried == TierLookup.PENDING) {
                break;
            }
        }
        if (carried == TierLookup.HIT) {
            carried = indexUpTo(last);
        }
        if (carried == TierLookup.PENDING && !late) {
            waited = true;
            return new Turn(0, Progress.WAITING);
        }
        if (carried == TierLookup.HIT) {
            int tokens = begin(last);
            if (tokens > 0) {
                return new Turn(tokens, Progress.DONE);
            }
        }
        comeWhole();
        return new Turn(0, Progress.MORE);
    }

    /** Of the index that is worst off; where blocks have no shared name, the lineage's are asked for. */
    private TierLookup indexUpTo(int last) {
        TierLookup worst = TierLookup.HIT;
        for (int i = 0; i <= last; i++) {
            TierLookup each = tools.store().lookup(index(i));
            if (each == TierLookup.MISS && i < exactBlocks) {
                askLineage(i);
                each = TierLookup.PENDING;
            }
            worst = each.compareTo(worst) > 0 ? each : worst;
        }
        return worst;
    }

    private void askLineage(int from) {
        exactBlocks = from;
        List<Wanted> wanted = new ArrayList<>();
        for (int i = from; i < names.size(); i++) {
            names.set(i, use.name(blocks.get(i).key(), false));
            wanted.add(wantedIndex(i));
        }
        tools.store().prefetch(use.owner(), LoadPriority.SOON, wanted);
    }

    /**
     * Takes the index in, all of it or nothing.
     *
     * @return tokens before the place where the sequence goes on; 0 if it cannot
     */
    private int begin(int last) {
        KvCache kv = tools.kv();
        List<BlockSpan> kept = blocks.subList(0, last + 1);
        int from = kept.getFirst().begin();
        int to = kept.getLast().end();
        Optional<float[]> carried = readCarried(last);
        SlotRequest tokens = new SlotRequest(sequence.id(), sequence.tokens(from, to));
        if (carried.isEmpty() || !tools.makeRoom(tokens)) {
            return 0;
        }
        long bytes = carried.get().length * (long) Float.BYTES;
        try (StepReservation reservation = kv.reserve(List.of(tokens))) {
            for (int i = 0; i <= last; i++) {
                BlockPart index = tools.coder().index().orElseThrow();
                int read = tools.decode(use.owner(), index(i), kv.place(sequence.id(), kept.get(i)), index);
                if (read == 0) {
                    return 0;
                }
                bytes += read;
            }
            if (exactBlocks <= last) {
                kv.approximateFrom(sequence.id(), kept.get(exactBlocks).begin());
            }
            kv.beginPartial(sequence.id(), from, to);
            reservation.commit();
        }
        PartialResidency residency =
                new PartialResidency(tools, sequence, kept, List.copyOf(names.subList(0, last + 1)), use);
        if (waited) {
            tools.gate().restored(bytes, tools.clock().nanos() - beginNanos);
        }
        sequence.resume(residency, carried.get(), to);
        begun.accept(residency);
        tools.listener().restored(to - from, bytes, tools.clock().nanos() - beginNanos, RestoreEnd.PARTIAL);
        return to - from;
    }

    private Optional<float[]> readCarried(int last) {
        MemorySegment value = tools.buffer()
                .asSlice(
                        0, tools.coder().bytes(BlockPart.CARRY, blocks.get(last).tokens()));
        return tools.store().read(use.owner(), carry(last), value)
                ? Optional.of(value.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED))
                : Optional.empty();
    }
}
