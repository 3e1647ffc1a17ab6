package dev.contexture.session.embedding;

/**
 * How much is taken, and how it is computed.
 *
 * @param maxInputTokens of one input, special tokens included
 * @param tooLong what happens to longer ones
 * @param maxInputs of one request
 * @param maxRequestTokens of one request
 * @param batchTokens most tokens of one run, padding included; one input may have more
 * @param batchInputs most inputs of one run
 * @param maxRequests that are computed or wait; one more is refused
 * @param maxWaitingTokens of all requests that are computed or wait
 */
public record EmbeddingBounds(
        int maxInputTokens,
        TooLong tooLong,
        int maxInputs,
        int maxRequestTokens,
        int batchTokens,
        int batchInputs,
        int maxRequests,
        long maxWaitingTokens) {
    /** What happens to inputs with too many tokens. */
    public enum TooLong {
        /** The request is refused, as nobody should lose text without knowing. */
        REFUSE,
        /** The rest is left out. */
        TRUNCATE
    }

    /** An opening token, a token of text, a closing token. */
    private static final int SHORTEST_INPUT = 3;

    public EmbeddingBounds {
        require(maxInputTokens >= SHORTEST_INPUT, "maxInputTokens", maxInputTokens, SHORTEST_INPUT);
        require(maxInputs >= 1, "maxInputs", maxInputs, 1);
        require(maxRequestTokens >= maxInputTokens, "maxRequestTokens", maxRequestTokens, maxInputTokens);
        require(batchTokens >= 1, "batchTokens", batchTokens, 1);
        require(batchInputs >= 1, "batchInputs", batchInputs, 1);
        require(maxRequests >= 1, "maxRequests", maxRequests, 1);
        require(maxWaitingTokens >= maxRequestTokens, "maxWaitingTokens", maxWaitingTokens, maxRequestTokens);
    }

    private static void require(boolean holds, String name, long value, long least) {
        if (!holds) {
            throw new IllegalArgumentException(name + " must be at least " + least + " but is " + value);
        }
    }
}
