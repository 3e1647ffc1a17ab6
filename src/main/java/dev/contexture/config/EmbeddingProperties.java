package dev.contexture.config;

import dev.contexture.core.Precision;
import dev.contexture.model.embedding.EmbeddingModelFiles;
import dev.contexture.session.embedding.EmbeddingBounds;
import dev.contexture.session.embedding.EmbeddingBounds.TooLong;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Vectors of texts.
 *
 * @param model {@code all-minilm-l6-v2}, or {@code none} for a service without embeddings
 * @param precision {@code exact}: products in float32; {@code fast}: 8-bit activations, whose vectors differ a little between processors
 * @param lazy whether the model is loaded by the first request, or at the start
 * @param threads that compute, each a batch of its own; 0: half of the processors
 * @param maxInputTokens of one text, special tokens included
 * @param tooLong what happens to longer texts: {@code refuse} the request, or {@code truncate} them
 * @param maxInputs texts of one request
 * @param maxRequestTokens of all texts of one request
 * @param batchTokens most tokens of one run, padding included
 * @param maxQueuedRequests that are computed or wait; one more is answered with 429
 * @param maxQueuedTokens of these
 */
@ConfigurationProperties("contexture.embedding")
public record EmbeddingProperties(
        @DefaultValue(EmbeddingModelFiles.ALL_MINILM) String model,
        @DefaultValue("exact") Precision precision,
        @DefaultValue("true") boolean lazy,
        @DefaultValue("0") int threads,
        @DefaultValue("256") int maxInputTokens,
        @DefaultValue("refuse") TooLong tooLong,
        @DefaultValue("2048") int maxInputs,
        @DefaultValue("300000") int maxRequestTokens,
        @DefaultValue("512") int batchTokens,
        @DefaultValue("64") int maxQueuedRequests,
        @DefaultValue("1000000") long maxQueuedTokens) {
    /** What {@code contexture.embedding.model} is where there are no embeddings. */
    static final String NO_MODEL = "none";

    private static final int SHORTEST_INPUT = 3;
    private static final int MOST_THREADS = 256;
    private static final int BATCH_INPUTS = 64;

    public EmbeddingProperties {
        if (!model.equals(EmbeddingModelFiles.ALL_MINILM) && !model.equals(NO_MODEL)) {
            throw new IllegalArgumentException("contexture.embedding.model must be " + EmbeddingModelFiles.ALL_MINILM
                    + " or " + NO_MODEL + " but is " + model);
        }
        if (precision == Precision.HALF) {
            throw new IllegalArgumentException("contexture.embedding.precision must be exact or fast but is half");
        }
        require("threads", threads, 0, MOST_THREADS);
        require("max-input-tokens", maxInputTokens, SHORTEST_INPUT, EmbeddingModelFiles.ALL_MINILM_LONGEST_TOKENS);
        require("max-inputs", maxInputs, 1, 1 << 20);
        require("max-request-tokens", maxRequestTokens, maxInputTokens, 1 << 26);
        require("batch-tokens", batchTokens, 1, 1 << 16);
        require("max-queued-requests", maxQueuedRequests, 1, 1 << 16);
        require("max-queued-tokens", maxQueuedTokens, maxRequestTokens, 1L << 40);
    }

    private static void require(String name, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    "contexture.embedding." + name + " must be " + least + " to " + most + " but is " + value);
        }
    }

    int threadCount() {
        return threads > 0 ? threads : Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
    }

    EmbeddingBounds toBounds() {
        return new EmbeddingBounds(
                maxInputTokens,
                tooLong,
                maxInputs,
                maxRequestTokens,
                batchTokens,
                // What is quantised in the graph depends on what it is computed with.
                precision == Precision.FAST ? 1 : BATCH_INPUTS,
                maxQueuedRequests,
                maxQueuedTokens);
    }
}
