package dev.contexture.retrieval;

import dev.contexture.core.Selection;
import dev.contexture.kv.StepSlots;
import java.nio.FloatBuffer;
import java.util.List;

/**
 * Chooses what decode rows attend to before the model runs, and looks at each run to be able to. Used by the loop's thread
 * only.
 */
public interface Retriever extends AutoCloseable {
    /** What chooses, for logs and the list of models: "head", "descriptors". */
    String name();

    /** The layer group whose selection a layer uses: [layers]. */
    int[] groupOfLayer();

    /** Whether queries must carry the blocks' ends even where the rule needs none. */
    boolean needsBlocks();

    /** Called before a run, so that the run keeps what {@link #observe} will want. */
    void prepare(StepSlots slots);

    /**
     * Chooses for rows whose states precede them.
     *
     * @return a row per query, in their order; empty where nothing could be chosen
     */
    Selection select(List<SelectionQuery> queries, StepSlots slots);

    /**
     * Takes in a step that has just run, before its tokens are committed.
     *
     * @param observed all sequences of the step, in its order
     * @param features [rows, featureWidth] of all rows of the step; empty where there is no head, or one that works on the model's device
     */
    void observe(StepSlots slots, List<Observation> observed, FloatBuffer features);

    @Override
    void close();
}
