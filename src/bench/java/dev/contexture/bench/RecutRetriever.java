package dev.contexture.bench;

import dev.contexture.core.Selection;
import dev.contexture.kv.BlockCutter;
import dev.contexture.kv.StepSlots;
import dev.contexture.retrieval.Retriever;
import dev.contexture.retrieval.SelectionQuery;
import java.util.Arrays;
import java.util.List;

/**
 * Shows a retriever other blocks than the cache's, so that sequences that are cut in different ways share their keys and
 * values. For steps of one sequence whose tokens are known beforehand.
 */
final class RecutRetriever extends ForwardingRetriever {
    private int[] tokens = {};
    private BlockCutter cutter = BlockCutter.fixed(1).newCutter();
    private int accepted;
    private int[] ends = new int[64];
    private int count;

    RecutRetriever(Retriever retriever) {
        super(retriever);
    }

    /** What the next sequence consists of and how it is cut. */
    void begin(int[] all, BlockCutter.Factory factory) {
        tokens = all;
        cutter = factory.newCutter();
        accepted = 0;
        count = 0;
    }

    @Override
    public Selection select(List<SelectionQuery> queries, StepSlots slots) {
        if (queries.size() != 1) {
            throw new IllegalArgumentException("blocks are known for one sequence, not for " + queries.size());
        }
        SelectionQuery query = queries.getFirst();
        if (!query.rule().needsBlocks() && !needsBlocks()) {
            return super.select(queries, slots);
        }
        cutter.accept(tokens, accepted, query.position(), this::add);
        accepted = query.position();
        return super.select(
                List.of(new SelectionQuery(
                        query.sequence(),
                        query.state(),
                        query.tokens(),
                        query.tokenPositions(),
                        query.position(),
                        query.rule(),
                        Arrays.copyOf(ends, count))),
                slots);
    }

    private void add(int end) {
        if (count == ends.length) {
            ends = Arrays.copyOf(ends, 2 * count);
        }
        ends[count++] = end;
    }
}
