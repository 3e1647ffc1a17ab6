package dev.contexture.model.embedding;

import java.nio.FloatBuffer;
import java.util.Arrays;

/** From a model's states to vectors that are compared by their angle. */
public final class SentenceVectors {
    private SentenceVectors() {}

    /**
     * The mean of the states of a sequence's own tokens, of length 1.
     *
     * @param states [rows][width]
     * @param firstRow of the sequence
     * @param tokens of the sequence, without its padding
     */
    public static float[] mean(FloatBuffer states, int firstRow, int tokens, int width) {
        double[] sums = new double[width];
        for (int row = firstRow; row < firstRow + tokens; row++) {
            for (int i = 0; i < width; i++) {
                sums[i] += states.get(row * width + i);
            }
        }
        float[] mean = new float[width];
        for (int i = 0; i < width; i++) {
            mean[i] = (float) (sums[i] / tokens);
        }
        return unit(mean);
    }

    /**
     * The first numbers of a vector, stretched to length 1 again.
     *
     * @param dimensions at most those that the vector has
     */
    public static float[] shortened(float[] vector, int dimensions) {
        return dimensions == vector.length ? vector : unit(Arrays.copyOf(vector, dimensions));
    }

    private static float[] unit(float[] vector) {
        double square = 0;
        for (float value : vector) {
            square += (double) value * value;
        }
        double length = Math.sqrt(square);
        if (length > 0) {
            for (int i = 0; i < vector.length; i++) {
                vector[i] = (float) (vector[i] / length);
            }
        }
        return vector;
    }
}
