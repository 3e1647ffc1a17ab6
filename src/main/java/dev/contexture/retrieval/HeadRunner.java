package dev.contexture.retrieval;

import java.nio.FloatBuffer;

/** Runs the retrieval head's two graphs. The native pool's step must have been described before each call. */
public interface HeadRunner extends AutoCloseable {
    /**
     * Appends the keys of all rows of a step.
     *
     * @param features [tokenIds, featureWidth]
     * @param fusedRows rows whose fused features are wanted
     * @return [fusedRows, hidden], valid until the next call
     */
    FloatBuffer append(int[] tokenIds, FloatBuffer features, int[] fusedRows);

    /**
     * Makes the selections that the pool was told of, for one query per token.
     *
     * @param fused [tokenIds, hidden]: fused features of the token before each
     */
    void select(int[] tokenIds, float[][] fused);

    @Override
    void close();
}
