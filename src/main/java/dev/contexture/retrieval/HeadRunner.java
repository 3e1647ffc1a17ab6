package dev.contexture.retrieval;

/** Runs the retrieval head's query graph. The native pool's selection must have been described before each call. */
public interface HeadRunner extends AutoCloseable {
    /**
     * Makes the selections that the pool was told of, for one query per token.
     *
     * @param fused [tokenIds, hidden]: fused features of the token before each
     */
    void select(int[] tokenIds, float[][] fused);

    @Override
    void close();
}
