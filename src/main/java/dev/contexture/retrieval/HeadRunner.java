package dev.contexture.retrieval;

import java.nio.FloatBuffer;
import java.util.List;

/** Runs the retrieval head's graphs. What the native pool is to do with the result must have been said before each call. */
public interface HeadRunner extends AutoCloseable {
    /**
     * Makes the keys of tokens.
     *
     * @param features [tokenIds, featureWidth] in pieces of whole rows, read from each buffer's position to its limit
     */
    void append(int[] tokenIds, List<FloatBuffer> features);

    /**
     * Makes the selections, for one query per token.
     *
     * @param features of the token before each, as above
     */
    void select(int[] tokenIds, List<FloatBuffer> features);

    @Override
    void close();
}
