package dev.contexture.session.embedding;

import dev.contexture.model.embedding.EmbeddingRunner;
import dev.contexture.model.embedding.EmbeddingTokenizer;
import java.util.function.Supplier;

/** What computes: both parts are safe for use by several threads. */
public record LoadedEmbeddingModel(EmbeddingTokenizer tokenizer, EmbeddingRunner runner) implements AutoCloseable {
    /** Closes the tokenizer where there is no runner for it. */
    public static LoadedEmbeddingModel of(EmbeddingTokenizer tokenizer, Supplier<EmbeddingRunner> runner) {
        try {
            return new LoadedEmbeddingModel(tokenizer, runner.get());
        } catch (Throwable e) {
            tokenizer.close();
            throw e;
        }
    }

    @Override
    public void close() {
        runner.close();
        tokenizer.close();
    }
}
