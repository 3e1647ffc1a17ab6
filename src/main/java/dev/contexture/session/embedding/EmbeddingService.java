package dev.contexture.session.embedding;

import reactor.core.publisher.Mono;

/** Vectors of texts: the one entry point of all front doors. */
public interface EmbeddingService {
    /**
     * Computes vectors; work begins on subscription and ends with it. Errors: {@code InvalidPromptException},
     * {@code ContextLengthExceededException}, {@code QueueFullException}, {@code ShuttingDownException}.
     */
    Mono<EmbeddingResult> embed(EmbeddingRequest request);

    ModelDescription model();

    /**
     * What clients may know of the model.
     *
     * @param id the name that clients use
     * @param dimensions of its vectors
     * @param maxInputTokens of one input, special tokens included
     * @param maxInputs of one request
     * @param maxRequestTokens of one request
     */
    record ModelDescription(
            String id,
            int dimensions,
            int maxInputTokens,
            int maxInputs,
            int maxRequestTokens,
            long createdEpochSeconds) {
        /** Most inputs of a request that cannot have too many tokens, however long they are. */
        public int safeInputs() {
            return Math.clamp(maxRequestTokens / maxInputTokens, 1, maxInputs);
        }
    }
}
