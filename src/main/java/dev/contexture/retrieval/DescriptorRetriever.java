package dev.contexture.retrieval;

import dev.contexture.core.SelectionMatrix;
import dev.contexture.core.SelectionRule;
import dev.contexture.kv.StepSlots;
import dev.contexture.nativelib.DescriptorStep;
import dev.contexture.nativelib.NativeDescriptors;
import dev.contexture.nativelib.NativeKvPool;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Selection without training, for models that have no head (Quest, arXiv 2406.10774, made so that it can run before the
 * forward pass): every layer's own query of the token before, turned on by one position, against descriptors of the blocks.
 *
 * <p>Blocks are described when a row first wants them, from the keys in the KV pool, so that short sequences pay nothing and
 * it does not matter whether a block was computed or found in the prefix cache.
 */
public final class DescriptorRetriever implements Retriever {
    private final int[] groupOfLayer;
    private final int queryHeads;
    private final NativeKvPool pool;
    private final NativeDescriptors descriptors;

    /**
     * Owns the descriptors, not the pool.
     *
     * @param groups of layers that share a selection, as the descriptors were made with
     */
    public DescriptorRetriever(
            int layers, int groups, int queryHeads, NativeKvPool pool, NativeDescriptors descriptors) {
        this.groupOfLayer = new int[layers];
        for (int layer = 0; layer < layers; layer++) {
            groupOfLayer[layer] = (int) ((long) layer * groups / layers);
        }
        this.queryHeads = queryHeads;
        this.pool = pool;
        this.descriptors = descriptors;
    }

    @Override
    public String name() {
        return "descriptors";
    }

    @Override
    public int[] groupOfLayer() {
        return groupOfLayer.clone();
    }

    @Override
    public boolean needsBlocks() {
        return true;
    }

    @Override
    public void prepare(StepSlots slots) {
        pool.keepQueries(queryHeads);
    }

    @Override
    public SelectionMatrix select(List<SelectionQuery> queries, StepSlots slots) {
        long[] sequences = new long[queries.size()];
        int[] positions = new int[queries.size()];
        List<SelectionRule> rules = new ArrayList<>();
        List<float[]> carried = new ArrayList<>();
        for (int i = 0; i < sequences.length; i++) {
            SelectionQuery query = queries.get(i);
            if (!query.state().precedes(slots.contextLength(query.sequence()))) {
                throw new IllegalStateException(
                        "the token before sequence " + query.sequence() + " of the step was not observed");
            }
            sequences[i] = describe(query, slots) ? query.state().place() : 0;
            positions[i] = query.position();
            rules.add(query.rule());
            carried.add(query.state().carried());
        }
        return descriptors.select(new DescriptorStep(sequences, positions, rules, carried));
    }

    /**
     * Describes what the sequence's keys allow; a block may be certain before it is computed.
     *
     * @return whether there was room
     */
    private boolean describe(SelectionQuery query, StepSlots slots) {
        RetrievalState state = query.state();
        if (state.place() == 0) {
            long sequence = descriptors.begin();
            state.takePlace(
                    new RetrievalState.Place(sequence, position -> Optional.empty(), () -> descriptors.end(sequence)));
        }
        int[] ends = query.blockEnds();
        int found = Arrays.binarySearch(ends, query.position());
        int computed = found >= 0 ? found + 1 : -found - 1;
        int[] pages = new int[slots.pageCount(query.sequence())];
        slots.copyPages(query.sequence(), pages, 0);
        return descriptors.describe(state.place(), pages, Arrays.copyOf(ends, computed));
    }

    @Override
    public void observe(StepSlots slots, List<Observation> observed, FloatBuffer features) {
        for (Observation each : observed) {
            if (each.mayChoose()) {
                int sequence = each.sequence();
                int next = slots.contextLength(sequence) + slots.queryLength(sequence);
                each.state().carry(pool.queries(sequence), next);
            }
        }
    }

    @Override
    public void close() {
        descriptors.close();
    }
}
