package dev.contexture.kv.memory;

/**
 * What a model takes of a device's memory (SpeContext, arXiv 2512.00722, section on the adaptive memory system), with real sizes:
 * the retrieval head keeps keys only, grouped heads are not repeated, and what counts is the sum of all lengths, not the
 * longest times their number.
 *
 * @param memoryBytes of the device
 * @param weightBytes of the model and its retrieval head
 * @param runtimeShare of the weights, for buffers beside them
 * @param layers of the model
 * @param layerTokenBytes keys and values of a token in one layer
 * @param headTokenBytes the retrieval head's keys of a token
 * @param budgetTokens that a sequence's selection holds on the device in a layer whose keys and values are in host memory
 */
public record MemoryModel(
        long memoryBytes,
        long weightBytes,
        double runtimeShare,
        int layers,
        long layerTokenBytes,
        long headTokenBytes,
        int budgetTokens)
        implements LayerThresholds {
    public MemoryModel {
        requirePositive(memoryBytes, "memoryBytes");
        requirePositive(weightBytes, "weightBytes");
        requirePositive(layers, "layers");
        requirePositive(layerTokenBytes, "layerTokenBytes");
        requirePositive(budgetTokens, "budgetTokens");
        if (headTokenBytes < 0 || !(runtimeShare >= 0)) {
            throw new IllegalArgumentException("headTokenBytes and runtimeShare must not be negative but are "
                    + headTokenBytes + " and " + runtimeShare);
        }
    }

    private static void requirePositive(long value, String name) {
        if (value <= 0) {
            throw new IllegalArgumentException(name + " must be positive but is " + value);
        }
    }

    /** What is left for keys and values; negative if not even the weights fit. */
    public long freeBytes() {
        return memoryBytes - (long) (weightBytes * (1 + runtimeShare));
    }

    /**
     * Bytes in use.
     *
     * @param tokens of all sequences together
     * @param sequences that are decoded
     * @param hostLayers whose keys and values are in host memory
     */
    public long usedBytes(long tokens, int sequences, int hostLayers) {
        return memoryBytes
                - freeBytes()
                + tokens * ((layers - hostLayers) * layerTokenBytes + headTokenBytes)
                + (long) hostLayers * sequences * budgetTokens * layerTokenBytes;
    }

    @Override
    public long threshold(int hostLayers, int sequences) {
        if (hostLayers < 0 || hostLayers > layers || sequences < 1) {
            throw new IllegalArgumentException("there are 0 to " + layers + " layers in host memory and at least one"
                    + " sequence, but not " + hostLayers + " and " + sequences);
        }
        long rest = freeBytes() - (long) hostLayers * sequences * budgetTokens * layerTokenBytes;
        long perToken = (layers - hostLayers) * layerTokenBytes + headTokenBytes;
        if (rest <= 0) {
            return 0;
        }
        return perToken == 0 ? Long.MAX_VALUE : rest / perToken;
    }

    /**
     * The threshold as the paper has it: per sequence, with a whole layer for the head and a buffer for repeated heads.
     *
     * @param repeats query heads per KV head
     */
    public long publishedThreshold(int hostLayers, int sequences, int repeats) {
        long rest = freeBytes() - (long) hostLayers * budgetTokens * sequences * layerTokenBytes;
        return rest <= 0 ? 0 : rest / (sequences * layerTokenBytes * (layers + 1 + repeats - hostLayers));
    }
}
