package dev.contexture.session.embedding;

import dev.contexture.model.embedding.EmbeddingRunner;
import dev.contexture.model.embedding.EmbeddingTokenizer;

/** What computes: both parts are safe for use by several threads. */
public record LoadedEmbeddingModel(EmbeddingTokenizer tokenizer, EmbeddingRunner runner) implements AutoCloseable {
    @Override
    public void close() {
        runner.close();
        tokenizer.close();
    }
}
