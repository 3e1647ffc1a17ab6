package dev.contexture.scheduler;

import dev.contexture.core.SelectionMatrix;
import dev.contexture.engine.LostBlocksException;
import dev.contexture.engine.Residency;
import dev.contexture.kv.BlockSpan;
import dev.contexture.kv.PrefixKey;
import dev.contexture.kv.tier.BlockPart;
import dev.contexture.kv.tier.LoadPriority;
import dev.contexture.kv.tier.TierKey;
import dev.contexture.kv.tier.TierLookup;
import dev.contexture.kv.tier.TierUse;
import dev.contexture.kv.tier.Wanted;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Which keys and values of a session's earlier blocks are in the pool. Those that a step selects and that are missing come
 * before it runs: the difference to what earlier steps brought (elastic loading, SpeContext). Each has its place in the pool from the
 * beginning, so nothing moves later.
 *
 * <p>A step waits for what it selected, however late that is, up to a limit; then the sequence is computed again. Leaving blocks out instead
 * would make answers depend on how fast a tier is.
 */
final class PartialResidency implements Residency {
    private static final long POLL_NANOS = TimeUnit.MICROSECONDS.toNanos(100);

    private final TrafficTools tools;
    private final BlockTraffic.RestoredSequence sequence;
    private final List<BlockSpan> blocks;
    private final List<PrefixKey> names;
    private final TierUse use;
    private final List<BlockPart.Rows> parts;
    /** [part]: blocks whose rows are there. */
    private final List<BitSet> present = new ArrayList<>();

    private int missing;
    private boolean over;
    private boolean unfillable;
    private int filledBlocks;
    private int askedBlocks;

    /** A part of a block that is wanted. */
    private record Missing(int part, int block) {}

    /**
     * @param blocks in the pool but for their rows, one behind the other
     * @param names under which they are stored
     */
    PartialResidency(
            TrafficTools tools,
            BlockTraffic.RestoredSequence sequence,
            List<BlockSpan> blocks,
            List<PrefixKey> names,
            TierUse use) {
        this.tools = tools;
        this.sequence = sequence;
        this.blocks = List.copyOf(blocks);
        this.names = names;
        this.use = use;
        this.parts = tools.coder().rows();
        this.missing = parts.size() * blocks.size();
        parts.forEach(part -> present.add(new BitSet(blocks.size())));
    }

    @Override
    public int tokens() {
        return tools.settings().partial().residencyTokens();
    }

    @Override
    public int chunkTokens() {
        return tools.settings().partial().chunkTokens();
    }

    @Override
    public boolean isComplete() {
        return missing == 0;
    }

    @Override
    public void close() {
        over = true;
    }

    /** Whether nothing is left to do for it. */
    boolean isOver() {
        return over || isComplete();
    }

    @Override
    public void bring(SelectionMatrix selection) {
        List<Missing> wanted = wanted(selection);
        if (wanted.isEmpty()) {
            return;
        }
        long begin = tools.clock().nanos();
        tools.store()
                .prefetch(
                        use.owner(),
                        LoadPriority.NOW,
                        wanted.stream().map(this::stored).toList());
        List<Missing> open = wanted;
        long bytes = 0;
        while (true) {
            List<Missing> late = new ArrayList<>();
            for (Missing each : open) {
                TierLookup presence = tools.store().lookup(key(each));
                if (presence == TierLookup.PENDING) {
                    late.add(each);
                } else if (presence == TierLookup.HIT) {
                    bytes += take(each);
                } else {
                    throw lost("is in no tier that can be reached");
                }
            }
            if (late.isEmpty()) {
                break;
            }
            if (tools.clock().nanos() - begin > tools.settings().longestWaitNanos()) {
                throw lost("did not come in time");
            }
            open = late;
            LockSupport.parkNanos(POLL_NANOS);
            tools.store().takeCompleted();
        }
        tools.listener().brought(wanted.size(), bytes, tools.clock().nanos() - begin);
    }

    /** What the lists name and is not there; positions ascend in each list, and blocks do. */
    private List<Missing> wanted(SelectionMatrix selection) {
        List<Missing> wanted = new ArrayList<>();
        for (int group = 0; group < selection.groups(); group++) {
            for (int head = 0; head < selection.kvHeads(); head++) {
                BitSet selected = selected(selection, group * selection.kvHeads() + head);
                for (int part = 0; part < parts.size(); part++) {
                    BlockPart.Rows rows = parts.get(part);
                    // One list may be for all KV heads of a group.
                    if (rows.layerGroup() == group && (selection.kvHeads() == 1 || rows.kvHead() == head)) {
                        int ofPart = part;
                        BitSet lacking = (BitSet) selected.clone();
                        lacking.andNot(present.get(part));
                        lacking.stream().forEach(block -> wanted.add(new Missing(ofPart, block)));
                    }
                }
            }
        }
        return wanted;
    }

    private BitSet selected(SelectionMatrix selection, int list) {
        BitSet selected = new BitSet(blocks.size());
        int block = 0;
        int from = list * selection.stride();
        for (int i = from; i < from + selection.counts()[list]; i++) {
            int position = selection.positions()[i];
            while (block < blocks.size() && blocks.get(block).end() <= position) {
                block++;
            }
            if (block < blocks.size() && blocks.get(block).begin() <= position) {
                selected.set(block);
            }
        }
        return selected;
    }

    private Wanted stored(Missing wanted) {
        return tools.wanted(use, names.get(wanted.block), parts.get(wanted.part), blocks.get(wanted.block));
    }

    private TierKey key(Missing wanted) {
        return use.key(names.get(wanted.block), parts.get(wanted.part));
    }

    /**
     * @return bytes read
     */
    private int take(Missing wanted) {
        int bytes = tools.decode(
                use.owner(),
                key(wanted),
                tools.kv().place(sequence.id(), blocks.get(wanted.block)),
                parts.get(wanted.part));
        if (bytes == 0) {
            throw lost("is not what was stored");
        }
        present.get(wanted.part).set(wanted.block);
        missing--;
        if (missing == 0) {
            tools.kv().endPartial(sequence.id());
        }
        return bytes;
    }

    private LostBlocksException lost(String how) {
        return new LostBlocksException("a selected block of sequence " + sequence.id() + " " + how, sequence.id());
    }

    /** Whether the first token is out, so that nothing but bandwidth is taken by bringing the rest. */
    boolean mayFill() {
        return sequence.isDecoding() && !unfillable && !isOver();
    }

    /**
     * Brings the next blocks, within the bounds of a turn; what cannot be had is left until a selection wants it.
     *
     * @return whether more is there at once
     */
    boolean fill() {
        long begin = tools.clock().nanos();
        long bytes = 0;
        while (!tools.settings().isSpent(bytes, tools.clock().nanos() - begin) && filledBlocks < blocks.size()) {
            askAhead();
            for (int part = 0; part < parts.size(); part++) {
                Missing each = new Missing(part, filledBlocks);
                if (present.get(part).get(filledBlocks)) {
                    continue;
                }
                TierLookup presence = tools.store().lookup(key(each));
                if (presence == TierLookup.PENDING) {
                    return false;
                }
                int read = presence == TierLookup.HIT ? fillOne(each) : 0;
                if (read == 0) {
                    unfillable = true;
                    return false;
                }
                bytes += read;
            }
            filledBlocks++;
        }
        return !isComplete();
    }

    private int fillOne(Missing each) {
        try {
            return take(each);
        } catch (LostBlocksException e) {
            return 0;
        }
    }

    private void askAhead() {
        int until = Math.min(blocks.size(), filledBlocks + tools.settings().aheadBlocks());
        if (askedBlocks >= until) {
            return;
        }
        List<Wanted> wanted = new ArrayList<>();
        for (int block = Math.max(askedBlocks, filledBlocks); block < until; block++) {
            for (int part = 0; part < parts.size(); part++) {
                if (!present.get(part).get(block)) {
                    wanted.add(stored(new Missing(part, block)));
                }
            }
        }
        tools.store().prefetch(use.owner(), LoadPriority.AHEAD, wanted);
        askedBlocks = until;
    }
}
