package dev.contexture.engine;

import java.nio.FloatBuffer;

/**
 * Runs the model once over the rows of a step. The KV pool's step must have been set before. Used by one thread only.
 */
public interface ModelRunner extends AutoCloseable {
    /**
     * @param tokenIds the new tokens of all sequences of the step, in the order of the KV step
     * @param logitRows rows of {@code tokenIds} whose logits are wanted, ascending; may be empty
     * @throws ModelRunException if the run failed; nothing that it wrote to the KV pool may be used
     */
    void run(int[] tokenIds, int[] logitRows);

    /**
     * @return [logitRows, vocabulary] raw logits of the last run, valid until the next; they may have to come from a device
     *     first
     * @throws ModelRunException if they cannot be had
     */
    FloatBuffer logits();

    /**
     * @return [tokenIds, featureWidth] what the retrieval head reads of the last run's hidden states, valid until the next
     *     run; empty where there is no head
     */
    FloatBuffer features();

    int vocabularySize();

    /**
     * What draws from the rows of this runner's runs, where their logits are.
     *
     * @param tokens ids below this are drawn, at most the vocabulary
     */
    default RowSampler sampler(int tokens) {
        return new HostSampler(this, tokens);
    }

    @Override
    void close();
}
