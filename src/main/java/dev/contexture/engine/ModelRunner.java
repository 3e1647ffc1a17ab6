package dev.contexture.engine;

import java.nio.FloatBuffer;

/**
 * Runs the model once over the rows of a step. The KV pool's step must have been set before. Used by one thread only.
 */
public interface ModelRunner extends AutoCloseable {
    /**
     * @param tokenIds the new tokens of all sequences of the step, in the order of the KV step
     * @param logitRows rows of {@code tokenIds} whose logits are wanted, ascending; may be empty
     * @return [logitRows, vocabulary] raw logits, valid until the next call
     * @throws ModelRunException if the run failed; nothing that it wrote to the KV pool may be used
     */
    FloatBuffer run(int[] tokenIds, int[] logitRows);

    /**
     * @return [tokenIds, featureWidth] what the retrieval head reads of the last run's hidden states, valid until the next
     *     run; empty where there is no head
     */
    FloatBuffer features();

    int vocabularySize();

    @Override
    void close();
}
