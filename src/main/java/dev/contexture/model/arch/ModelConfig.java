package dev.contexture.model.arch;

/**
 * Shapes and constants of a decoder-only model.
 *
 * @param contextLength longest sequence in tokens that the model was made for
 * @param headDim numbers per attention head; not always hidden / heads
 * @param slidingWindow tokens that a query sees, itself included; 0: all
 * @param tiedEmbeddings whether the output head uses the embedding's weights
 */
public record ModelConfig(
        Family family,
        int layers,
        int hidden,
        int heads,
        int kvHeads,
        int headDim,
        int feedForward,
        int vocabulary,
        int contextLength,
        float normEpsilon,
        RopeConfig rope,
        int slidingWindow,
        boolean tiedEmbeddings) {
    /** Model families by what differs in their graph. */
    public enum Family {
        /** SmolLM2, Llama 2 and 3, Mistral. */
        LLAMA,
        /** Biases on the query, key and value projections. */
        QWEN2,
        /** RMS norm on each query and key head. */
        QWEN3
    }

    public ModelConfig {
        requirePositive(layers, "layers");
        requirePositive(hidden, "hidden");
        requirePositive(heads, "heads");
        requirePositive(kvHeads, "kvHeads");
        requirePositive(headDim, "headDim");
        requirePositive(feedForward, "feedForward");
        requirePositive(vocabulary, "vocabulary");
        requirePositive(contextLength, "contextLength");
        if (heads % kvHeads != 0) {
            throw new IllegalArgumentException("heads (" + heads + ") must be a multiple of kvHeads (" + kvHeads + ")");
        }
        if (headDim % 2 != 0) {
            throw new IllegalArgumentException("headDim must be even for rotary embedding but is " + headDim);
        }
        if (!(normEpsilon > 0f && normEpsilon < 1f)) {
            throw new IllegalArgumentException("normEpsilon must be in (0, 1) but is " + normEpsilon);
        }
        if (slidingWindow < 0) {
            throw new IllegalArgumentException("slidingWindow must not be negative but is " + slidingWindow);
        }
    }

    private static void requirePositive(int value, String name) {
        if (value <= 0) {
            throw new IllegalArgumentException(name + " must be positive but is " + value);
        }
    }
}
