package dev.contexture.session.embedding;

import java.util.List;

/** What one vector is made of. */
public sealed interface EmbeddingInput {
    record Text(String text) implements EmbeddingInput {}

    /** Ids of the embedding model's own vocabulary; the special tokens around them are added where they lack. */
    record Tokens(List<Integer> tokenIds) implements EmbeddingInput {
        public Tokens {
            tokenIds = List.copyOf(tokenIds);
        }
    }
}
