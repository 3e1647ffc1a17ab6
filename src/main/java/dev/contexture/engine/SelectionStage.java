package dev.contexture.engine;

import dev.contexture.core.Sparsity;
import dev.contexture.kv.StepSlots;
import dev.contexture.selection.SelectionSettings;
import java.nio.FloatBuffer;

/** What happens around a run so that decode rows need not attend to everything. Used by the loop's thread only. */
public interface SelectionStage {
    /** Nothing: every row attends to everything. */
    SelectionStage DENSE = new SelectionStage() {
        @Override
        public SequenceSparsity begin(Sparsity policy) {
            return new SequenceSparsity(Sparsity.DENSE, SelectionSettings.DEFAULT);
        }

        @Override
        public void select(StepPlan plan, StepSlots slots) {}

        @Override
        public void observe(StepPlan plan, StepSlots slots, FloatBuffer features) {}
    };

    /** What a new sequence with this policy brings to its steps. */
    SequenceSparsity begin(Sparsity policy);

    /** Before the run, once the native step is set. */
    void select(StepPlan plan, StepSlots slots);

    /**
     * Behind the run, before its tokens are committed.
     *
     * @param features of all rows, see {@link ModelRunner#features}
     */
    void observe(StepPlan plan, StepSlots slots, FloatBuffer features);
}
