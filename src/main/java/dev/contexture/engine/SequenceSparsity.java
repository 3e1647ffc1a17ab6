package dev.contexture.engine;

import dev.contexture.core.SelectionMatrix;
import dev.contexture.core.Sparsity;
import dev.contexture.core.SparsityMode;
import dev.contexture.core.SparsityUsage;
import dev.contexture.retrieval.RetrievalState;
import dev.contexture.selection.ConfidenceGate;
import dev.contexture.selection.SelectionSettings;
import org.jspecify.annotations.Nullable;

/** What sparse decoding keeps of one sequence: its policy, what its retriever carries, and how it fared so far. */
public final class SequenceSparsity {
    private final Sparsity policy;
    private final RetrievalState retrieval = new RetrievalState();
    private final ConfidenceGate gate;
    private boolean decoding;
    private @Nullable SelectionMatrix last;
    private int stepsOfLast;
    private long sparseSteps;
    private long denseSteps;
    private long fallbackSteps;
    private double massSum;

    public SequenceSparsity(Sparsity policy, SelectionSettings settings) {
        this.policy = policy;
        this.gate = new ConfidenceGate(settings.confidence());
    }

    /** From now on single rows are decode rows; prompts are always attended whole. */
    public void beginDecode() {
        decoding = true;
    }

    /** The sequence lost its pages and begins anew, as a prompt. */
    public void restart() {
        decoding = false;
        last = null;
        retrieval.release();
    }

    /** The sequence has ended. */
    public void release() {
        last = null;
        retrieval.release();
    }

    boolean isDecoding() {
        return decoding;
    }

    Sparsity policy() {
        return policy;
    }

    RetrievalState retrieval() {
        return retrieval;
    }

    ConfidenceGate gate() {
        return gate;
    }

    /** The selection of an earlier step if it may serve once more. */
    @Nullable
    SelectionMatrix reusable(int reuseInterval) {
        return stepsOfLast < reuseInterval ? last : null;
    }

    void chose(SelectionMatrix selection) {
        last = selection;
        stepsOfLast = 1;
    }

    void reused(SelectionMatrix selection) {
        last = selection;
        stepsOfLast++;
    }

    void forget() {
        last = null;
    }

    void countSparse(double mass) {
        sparseSteps++;
        massSum += mass;
    }

    void countDense() {
        denseSteps++;
    }

    void countFallback() {
        denseSteps++;
        fallbackSteps++;
    }

    public SparsityUsage usage() {
        boolean dense = policy.mode() == SparsityMode.DENSE;
        return new SparsityUsage(
                policy.mode(), dense ? 0 : policy.budget(), sparseSteps, denseSteps, fallbackSteps, massSum);
    }
}
