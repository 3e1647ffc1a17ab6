package dev.contexture.retrieval;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/** A sequence's last tokens whose keys were not made yet, one by one: their features are kept instead. */
final class PendingKeys {
    private final List<Integer> tokens = new ArrayList<>();
    private final List<FloatBuffer> features = new ArrayList<>();

    int count() {
        return tokens.size();
    }

    /**
     * @param rows features of the token, copied
     */
    void add(int token, FloatBuffer rows) {
        float[] kept = new float[rows.remaining()];
        rows.duplicate().get(kept);
        tokens.add(token);
        features.add(FloatBuffer.wrap(kept));
    }

    /** All of them, which are pending no more. */
    void drainTo(List<Integer> allTokens, List<FloatBuffer> allFeatures) {
        allTokens.addAll(tokens);
        allFeatures.addAll(features);
        clear();
    }

    void clear() {
        tokens.clear();
        features.clear();
    }
}
