package dev.contexture.bench;

import java.nio.FloatBuffer;

/** Next-token distributions as logarithms. */
final class Distribution {
    private Distribution() {}

    /**
     * @param logits one row, from its position to its limit
     */
    static float[] logSoftmax(FloatBuffer logits) {
        float[] row = new float[logits.remaining()];
        logits.get(logits.position(), row);
        float most = Float.NEGATIVE_INFINITY;
        for (float value : row) {
            most = Math.max(most, value);
        }
        double sum = 0;
        for (float value : row) {
            sum += Math.exp(value - most);
        }
        float shift = (float) (most + Math.log(sum));
        for (int i = 0; i < row.length; i++) {
            row[i] -= shift;
        }
        return row;
    }

    /** KL(dense ‖ other) in nats. */
    static double divergence(float[] dense, float[] other) {
        double sum = 0;
        for (int i = 0; i < dense.length; i++) {
            sum += Math.exp(dense[i]) * (dense[i] - other[i]);
        }
        return sum;
    }

    static int likeliest(float[] logProbabilities) {
        int best = 0;
        for (int i = 1; i < logProbabilities.length; i++) {
            if (logProbabilities[i] > logProbabilities[best]) {
                best = i;
            }
        }
        return best;
    }
}
