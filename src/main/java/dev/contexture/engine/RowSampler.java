package dev.contexture.engine;

import java.util.List;

/** Draws the next tokens from the logits of a runner's last run, wherever they lie. Used by one thread only. */
public interface RowSampler {
    /** A row whose logits were wanted, and what its draw depends on besides. */
    record Row(long sequenceId, SamplerState state) {}

    /**
     * @param rows all whose logits the last run was asked for, in the same order
     * @return a token for each
     * @throws FailedConstraintException if it cannot be told what a row's sequence may go on with
     * @throws ModelRunException if logits are not numbers, or the draw failed
     */
    List<SampledToken> sample(List<Row> rows);
}
