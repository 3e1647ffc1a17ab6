package dev.contexture.core;

/**
 * Shape of a KV pool. The only place where KV byte sizes are computed.
 *
 * @param layers transformer layers
 * @param kvHeads key/value heads per layer
 * @param headDim numbers per head and token
 * @param pageTokens slots per page
 */
public record KvGeometry(int layers, int kvHeads, int headDim, int pageTokens, KvDtype dtype) {
    public KvGeometry {
        requirePositive(layers, "layers");
        requirePositive(kvHeads, "kvHeads");
        requirePositive(headDim, "headDim");
        if (pageTokens < 8 || pageTokens > 128 || Integer.bitCount(pageTokens) != 1) {
            throw new IllegalArgumentException("pageTokens must be 8, 16, 32, 64 or 128 but is " + pageTokens);
        }
    }

    public long bytesPerToken() {
        return 2L * layers * kvHeads * headDim * dtype.bytes();
    }

    public long bytesPerPage() {
        return bytesPerToken() * pageTokens;
    }

    /** Pages that {@code tokens} tokens occupy. */
    public int pagesFor(int tokens) {
        return Math.ceilDiv(tokens, pageTokens);
    }

    private static void requirePositive(int value, String name) {
        if (value <= 0) {
            throw new IllegalArgumentException(name + " must be positive but is " + value);
        }
    }
}
