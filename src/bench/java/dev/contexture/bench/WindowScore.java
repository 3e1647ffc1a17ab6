package dev.contexture.bench;

import dev.contexture.core.SparsityUsage;

/**
 * How a window fared.
 *
 * @param divergence KL(dense ‖ sparse) behind each of its tokens
 * @param logProbability of each of its tokens but the first
 * @param sameTop share of its tokens behind which the likeliest token is the dense one
 */
@SuppressWarnings("ArrayRecordComponent")
record WindowScore(double[] divergence, double[] logProbability, double sameTop, SparsityUsage usage) {
    double meanDivergence() {
        return Statistics.mean(divergence);
    }

    double meanLogProbability() {
        return Statistics.mean(logProbability);
    }

    /** A window decoded densely, to which other ways of decoding it are compared. */
    @SuppressWarnings("ArrayRecordComponent")
    record Dense(Window window, float[][] rows) {
        static Dense of(SparseHarness harness, Window window, Selector dense) {
            float[][] rows = new float[window.forced().length][];
            harness.decode(window, dense, 1, (step, logits) -> rows[step] = Distribution.logSoftmax(logits));
            return new Dense(window, rows);
        }

        double meanLogProbability() {
            double sum = 0;
            for (int step = 0; step + 1 < rows.length; step++) {
                sum += rows[step][window.forced()[step + 1]];
            }
            return sum / (rows.length - 1);
        }

        WindowScore compare(SparseHarness harness, Selector selector, int budget) {
            int[] forced = window.forced();
            double[] divergence = new double[forced.length];
            double[] logProbability = new double[forced.length - 1];
            int[] same = {0};
            SparsityUsage usage = harness.decode(window, selector, budget, (step, logits) -> {
                float[] row = Distribution.logSoftmax(logits);
                divergence[step] = Distribution.divergence(rows[step], row);
                if (step + 1 < forced.length) {
                    logProbability[step] = row[forced[step + 1]];
                }
                same[0] += Distribution.likeliest(row) == Distribution.likeliest(rows[step]) ? 1 : 0;
            });
            return new WindowScore(divergence, logProbability, (double) same[0] / forced.length, usage);
        }
    }
}
