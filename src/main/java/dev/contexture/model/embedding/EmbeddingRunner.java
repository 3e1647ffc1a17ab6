package dev.contexture.model.embedding;

/** Computes vectors of token sequences. Safe for use by several threads at once. */
public interface EmbeddingRunner extends AutoCloseable {
    /**
     * One vector of length 1 per sequence. Sequences are padded to the longest, so that they should be of like length.
     *
     * @param tokenIds [sequences][tokens], special tokens included; none empty
     * @return [sequences][dimensions]
     */
    float[][] run(int[][] tokenIds);

    int dimensions();

    @Override
    void close();
}
