package dev.contexture.session.embedding;

import java.util.List;

/**
 * @param vectors of length 1, in the order of the inputs
 * @param promptTokens that were read, special ones included
 */
public record EmbeddingResult(List<float[]> vectors, int promptTokens) {
    public EmbeddingResult {
        vectors = List.copyOf(vectors);
    }
}
