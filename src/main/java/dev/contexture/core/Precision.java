package dev.contexture.core;

/** How exactly the model is computed. */
public enum Precision {
    /** Products with 8-bit activations, KV in fp16: the product mode. */
    FAST(KvDtype.F16),
    /** Float32 throughout over the same weights: for comparison with other implementations. */
    EXACT(KvDtype.F32),
    /** Weights, activations and KV in fp16: what CUDA devices compute. */
    HALF(KvDtype.F16);

    private final KvDtype kvDtype;

    Precision(KvDtype kvDtype) {
        this.kvDtype = kvDtype;
    }

    public KvDtype kvDtype() {
        return kvDtype;
    }
}
