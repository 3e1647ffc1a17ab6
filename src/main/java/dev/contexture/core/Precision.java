package dev.contexture.core;

/** How exactly the model is computed: the first two on CPUs, the others on CUDA devices. */
public enum Precision {
    /** Products with 8-bit activations, KV in fp16: the product mode. */
    FAST(KvDtype.F16, false),
    /** Float32 throughout over the same weights: for comparison with other implementations. */
    EXACT(KvDtype.F32, false),
    /** Weights, activations and KV in fp16. */
    HALF(KvDtype.F16, true),
    /** The same with quantised weights as the model's file holds them. */
    QUANTISED_HALF(KvDtype.F16, true),
    /** Weights, activations and KV in bfloat16. */
    BRAIN_FLOAT(KvDtype.BF16, true);

    private final KvDtype kvDtype;
    private final boolean onDevice;

    Precision(KvDtype kvDtype, boolean onDevice) {
        this.kvDtype = kvDtype;
        this.onDevice = onDevice;
    }

    public KvDtype kvDtype() {
        return kvDtype;
    }

    /** Whether activations are numbers of 16 bits, which only CUDA devices compute with. */
    public boolean isOnDevice() {
        return onDevice;
    }
}
