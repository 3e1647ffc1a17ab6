package dev.contexture.scheduler;

import dev.contexture.kv.BlockLocation;
import dev.contexture.kv.BlockSpan;
import dev.contexture.kv.KvCache;
import dev.contexture.kv.PrefixKey;
import dev.contexture.kv.SlotRequest;
import dev.contexture.kv.StepReservation;
import dev.contexture.kv.tier.BlockPart;
import dev.contexture.kv.tier.BlockStore;
import dev.contexture.kv.tier.LoadPriority;
import dev.contexture.kv.tier.TierLookup;
import dev.contexture.kv.tier.TierUse;
import dev.contexture.kv.tier.Wanted;
import dev.contexture.scheduler.BlockTraffic.Restore.Progress;
import dev.contexture.scheduler.BlockTraffic.Restore.Turn;
import dev.contexture.scheduler.TrafficListener.RestoreEnd;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Whole blocks of one sequence, in order. Those that were computed by attending to everything come first, under names that
 * the whole scope shares; from the first that nobody knows so, the sequence's lineage may have its own.
 */
final class Promotion {
    /** A chunk of a single row runs through other products than longer ones, and the last row is wanted for its logits. */
    static final int LEAST_ROWS = 2;

    private final TrafficTools tools;
    private final RestoreReport plan;
    private final BlockStore store;
    private final Patience patience;
    private final BlockTraffic.RestoredSequence sequence;
    private final List<BlockSpan> blocks;
    private final TierUse use;
    private final long beginNanos;
    private long waitingSinceNanos;
    private boolean exact = true;
    private int next;
    private int exactBlocks;
    private boolean waited;
    private int asked;
    private int restoredTokens;
    private long restoredBytes;

    /**
     * @param blocks one behind the other, from the sequence's first missing token on
     */
    Promotion(
            TrafficTools tools,
            RestoreReport plan,
            BlockTraffic.RestoredSequence sequence,
            List<BlockSpan> blocks,
            TierUse use,
            Patience patience) {
        this.tools = tools;
        this.plan = plan;
        this.patience = patience;
        this.store = tools.store();
        this.sequence = sequence;
        this.blocks = blocks;
        this.use = use;
        this.beginNanos = tools.clock().nanos();
        this.waitingSinceNanos = beginNanos;
    }

    /** Moves what is there. */
    Turn turn() {
        int before = restoredTokens;
        long bytesBefore = restoredBytes;
        long begin = tools.clock().nanos();
        while (true) {
            if (next == blocks.size() || blocks.get(next).end() > sequence.length() - LEAST_ROWS) {
                return end(before, RestoreEnd.COMPLETE);
            }
            if (tools.settings()
                    .isSpent(restoredBytes - bytesBefore, tools.clock().nanos() - begin)) {
                return new Turn(restoredTokens - before, Progress.MORE);
            }
            ask();
            switch (presence(blocks.get(next))) {
                case HIT -> {
                    if (isQuickerComputed(blocks.get(next))) {
                        return end(before, RestoreEnd.COMPUTED);
                    }
                    patience.waited(tools.clock().nanos() - waitingSinceNanos);
                    Optional<RestoreEnd> failed = bring(blocks.get(next));
                    if (failed.isPresent()) {
                        return end(before, failed.get());
                    }
                    patience.saved(computeNanos(blocks.get(next)));
                    next++;
                    exactBlocks += exact ? 1 : 0;
                    waitingSinceNanos = tools.clock().nanos();
                }
                case PENDING -> {
                    waited = true;
                    if (!patience.outlasts(tools.clock().nanos() - waitingSinceNanos)) {
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
        if (waited && restoredBytes > 0) {
            tools.gate().restored(restoredBytes, tools.clock().nanos() - beginNanos);
        }
        if (exactBlocks > 0) {
            tools.audit().restored(sequence, blocks.subList(0, exactBlocks), use);
        }
        tools.listener().restored(restoredTokens, restoredBytes, tools.clock().nanos() - beginNanos, cause);
        return new Turn(restoredTokens - before, Progress.DONE);
    }

    /** Has the blocks ahead brought to host memory. */
    private void ask() {
        if (plan.choice() == RestoreReport.Choice.RECOMPUTE) {
            return;
        }
        int until = Math.min(blocks.size(), next + tools.settings().aheadBlocks());
        if (asked >= until || (asked > next && asked - next > tools.settings().aheadBlocks() / 2)) {
            return;
        }
        List<Wanted> wanted = new ArrayList<>();
        for (BlockSpan block : blocks.subList(asked, until)) {
            PrefixKey name = use.name(block.key(), exact);
            tools.coder().parts().forEach(part -> wanted.add(tools.wanted(use, name, part, block)));
        }
        store.prefetch(use.owner(), LoadPriority.SOON, wanted);
        asked = until;
    }

    /**
     * What is there all the same is taken, unless even that takes longer. The first block is taken in any case: an
     * estimate that nothing is measured against would stay wrong for ever.
     */
    private boolean isQuickerComputed(BlockSpan block) {
        if (plan.choice() != RestoreReport.Choice.RECOMPUTE || restoredTokens == 0) {
            return false;
        }
        long bytes = tools.coder().parts().stream()
                .mapToLong(part -> tools.coder().bytes(part, block.tokens()))
                .sum();
        return tools.gate().stepNanos(bytes, 0) > computeNanos(block);
    }

    private long computeNanos(BlockSpan block) {
        return tools.gate().computeNanos(block.begin(), block.end());
    }

    /** Of the part that is worst off. */
    private TierLookup presence(BlockSpan block) {
        PrefixKey name = use.name(block.key(), exact);
        TierLookup worst = TierLookup.HIT;
        for (BlockPart part : tools.coder().parts()) {
            TierLookup each = store.lookup(use.key(name, part));
            worst = each.compareTo(worst) > 0 ? each : worst;
        }
        return worst;
    }

    /**
     * @return why not
     */
    private Optional<RestoreEnd> bring(BlockSpan block) {
        KvCache kv = tools.kv();
        SlotRequest tokens = new SlotRequest(sequence.id(), sequence.tokens(block.begin(), block.end()));
        if (!tools.makeRoom(tokens)) {
            return Optional.of(RestoreEnd.NO_PAGES);
        }
        if (!exact) {
            kv.approximateFrom(sequence.id(), block.begin());
        }
        try (StepReservation reservation = kv.reserve(List.of(tokens))) {
            BlockLocation place = kv.place(sequence.id(), block);
            PrefixKey name = use.name(block.key(), exact);
            for (BlockPart part : tools.coder().parts()) {
                int bytes = tools.decode(use.owner(), use.key(name, part), place, part);
                if (bytes == 0) {
                    return Optional.of(RestoreEnd.REFUSED);
                }
                restoredBytes += bytes;
            }
            reservation.commit();
        }
        restoredTokens += block.tokens();
        return Optional.empty();
    }
}
