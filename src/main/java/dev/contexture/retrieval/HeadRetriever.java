package dev.contexture.retrieval;

import dev.contexture.core.SelectionMatrix;
import dev.contexture.kv.StepSlots;
import dev.contexture.nativelib.NativeRetrievalPool;
import java.nio.FloatBuffer;
import java.util.List;

/**
 * The trained retrieval head. Its keys lie in a pool of their own, under the page ids of the KV pool, and are never
 * pruned; a key is written by the run that gives its position's features, too late for that step's own selection, which
 * the recent window covers.
 */
public final class HeadRetriever implements Retriever {
    private final int hidden;
    private final int[] groupOfLayer;
    private final HeadRunner runner;
    private final NativeRetrievalPool pool;

    /**
     * Owns the runner, not the pool.
     *
     * @param hidden numbers per fused feature
     * @param groupOfLayer the head's layer group of each of the model's layers
     */
    public HeadRetriever(int hidden, List<Integer> groupOfLayer, HeadRunner runner, NativeRetrievalPool pool) {
        this.hidden = hidden;
        this.groupOfLayer = groupOfLayer.stream().mapToInt(Integer::intValue).toArray();
        this.runner = runner;
        this.pool = pool;
    }

    @Override
    public String name() {
        return "head";
    }

    @Override
    public int[] groupOfLayer() {
        return groupOfLayer.clone();
    }

    @Override
    public boolean needsBlocks() {
        return false;
    }

    @Override
    public void prepare(StepSlots slots) {
        pool.setAppend(slots.rowPositions(), slots.rowSlots());
    }

    @Override
    public SelectionMatrix select(List<SelectionQuery> queries, StepSlots slots) {
        pool.setSelect(SelectSteps.of(queries, slots));
        int rows = queries.stream().mapToInt(query -> query.tokens().length).sum();
        int[] tokens = new int[rows];
        float[][] fused = new float[rows][];
        int row = 0;
        for (SelectionQuery query : queries) {
            if (!query.state().precedes(slots.contextLength(query.sequence()))) {
                throw new IllegalStateException(
                        "the token before sequence " + query.sequence() + " of the step was not observed");
            }
            for (int token : query.tokens()) {
                // Of a chunk only the first token's features are known; the others choose with the same ones.
                fused[row] = query.state().carried();
                tokens[row++] = token;
            }
        }
        runner.select(tokens, fused);
        return pool.selection();
    }

    @Override
    public void observe(StepSlots slots, List<Observation> observed, FloatBuffer features) {
        for (Observation each : observed) {
            int sequence = each.sequence();
            float[] fused = new float[hidden];
            features.get(sequence * hidden, fused);
            each.state().carry(fused, slots.contextLength(sequence) + slots.queryLength(sequence));
        }
    }

    @Override
    public void close() {
        runner.close();
    }
}
