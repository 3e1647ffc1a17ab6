package dev.contexture.engine;

import dev.contexture.core.SelectionMatrix;
import dev.contexture.core.Sparsity;
import dev.contexture.core.SparsityMode;
import dev.contexture.core.SparsityUsage;
import dev.contexture.retrieval.RetrievalState;
import dev.contexture.selection.ConfidenceGate;
import dev.contexture.selection.SelectionSettings;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What sparse decoding keeps of one sequence: its policy, what its retriever carries, and how it fared so far. */
public final class SequenceSparsity {
    private final Sparsity policy;
    private final RetrievalState retrieval = new RetrievalState();
    private final ConfidenceGate gate;
    private boolean decoding;
    private @Nullable Residency residency;
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

    /**
     * Earlier tokens are only partly in the pool: from now on every step selects, until all are there.
     *
     * @param carried what the retriever carried behind the last of them
     * @param position of the first token that is still to be computed
     */
    public void resume(Residency partly, float[] carried, int position) {
        residency = partly;
        retrieval.carry(carried, position);
    }

    /** Whether a row must not attend to everything, as not everything is there. */
    boolean isPartial() {
        if (residency != null && residency.isComplete()) {
            residency = null;
        }
        return residency != null;
    }

    /** Most rows of the sequence's next step. */
    public int mostRows() {
        return isPartial() ? residency().chunkTokens() : Integer.MAX_VALUE;
    }

    /** Of a sequence that {@link #isPartial}. */
    Residency residency() {
        return Objects.requireNonNull(residency, "the sequence is all there");
    }

    /** What the retriever carried from the token before {@code position}, if that was one of the last. */
    public Optional<float[]> carriedTo(int position) {
        return retrieval.carriedTo(position);
    }

    /** Whether the sequence is decoded sparsely once it has so many tokens. */
    public boolean appliesTo(int tokens) {
        return policy.applies(tokens);
    }

    /** The sequence lost its pages and begins anew, as a prompt. */
    public void restart() {
        decoding = false;
        endResidency();
        last = null;
        retrieval.release();
    }

    private void endResidency() {
        if (residency != null) {
            residency.close();
        }
        residency = null;
    }

    /** The sequence has ended. */
    public void release() {
        endResidency();
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

    /** Of one of its last steps; empty if that attended to everything. */
    public Optional<SelectionMatrix> lastSelection() {
        return Optional.ofNullable(last);
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
