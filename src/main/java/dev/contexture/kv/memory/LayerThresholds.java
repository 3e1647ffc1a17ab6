package dev.contexture.kv.memory;

/** How many tokens find room with so many layers in host memory. */
public interface LayerThresholds {
    /** Of the model. */
    int layers();

    /** Keys and values of a token in one layer. */
    long layerTokenBytes();

    /**
     * Most tokens of all sequences together: the threshold S_i. 0 if nothing fits.
     *
     * @param hostLayers 0 to {@link #layers}
     * @param sequences at least one
     */
    long threshold(int hostLayers, int sequences);
}
