package dev.contexture.bench;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** Means with what they are worth. Values come in windows; windows are independent of each other, the values of one are not. */
final class Statistics {
    private static final int RESAMPLES = 2000;
    private static final long RESAMPLING_SEED = 1;

    private Statistics() {}

    static double mean(double[] values) {
        return Arrays.stream(values).average().orElse(Double.NaN);
    }

    /** A mean per unit, in the order of their appearance: what shares a unit does not count as independent. */
    static <T> double[] meansBy(List<T> all, Function<T, String> unit, ToDoubleFunction<T> value) {
        return all.stream()
                .collect(Collectors.groupingBy(unit, LinkedHashMap::new, Collectors.averagingDouble(value)))
                .values()
                .stream()
                .mapToDouble(Double::doubleValue)
                .toArray();
    }

    static double median(double[] values) {
        return quantile(values, 0.5);
    }

    /** Between the two nearest values, in proportion. */
    static double quantile(double[] values, double share) {
        if (values.length == 0) {
            return Double.NaN;
        }
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        double at = share * (sorted.length - 1);
        int below = (int) at;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }

    /** Of the mean of independent values; NaN for fewer than two. */
    static double standardError(double[] values) {
        double mean = mean(values);
        double squares = Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum();
        return Math.sqrt(squares / (values.length - 1) / values.length);
    }

    /** [low, high] of the mean at 95 %, by the bootstrap over the values. */
    static double[] interval(double[] values) {
        SplittableRandom random = new SplittableRandom(RESAMPLING_SEED);
        double[] means = new double[RESAMPLES];
        for (int r = 0; r < RESAMPLES; r++) {
            double sum = 0;
            for (int i = 0; i < values.length; i++) {
                sum += values[random.nextInt(values.length)];
            }
            means[r] = sum / values.length;
        }
        return new double[] {quantile(means, 0.025), quantile(means, 0.975)};
    }

    /**
     * Of single values that come in windows.
     *
     * @param low and {@code high}: the mean's interval at 95 %, over windows
     * @param p99 of the single values
     */
    @SuppressWarnings("ArrayRecordComponent")
    record Summary(double mean, double standardError, double low, double high, double p99, double[] windowMeans) {
        static Summary of(List<double[]> windows) {
            double[] means = windows.stream().mapToDouble(Statistics::mean).toArray();
            double[] interval = interval(means);
            double[] single = windows.stream().flatMapToDouble(Arrays::stream).toArray();
            return new Summary(
                    Statistics.mean(means),
                    Statistics.standardError(means),
                    interval[0],
                    interval[1],
                    quantile(single, 0.99),
                    means);
        }

        /** For results. */
        Map<String, Object> row() {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("mean", mean);
            row.put("standard_error", standardError);
            row.put("low", low);
            row.put("high", high);
            row.put("p99", p99);
            row.put("windows", windowMeans.length);
            row.put("window_means", windowMeans);
            return row;
        }

        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%.4f [%.4f, %.4f] %.3f", mean, low, high, p99);
        }
    }

    /** Mean of paired differences and its standard error. */
    record Paired(double difference, double standardError) {
        /** Of {@code values - baseline}. */
        static Paired of(double[] values, double[] baseline) {
            double[] differences = new double[values.length];
            for (int i = 0; i < values.length; i++) {
                differences[i] = values[i] - baseline[i];
            }
            return new Paired(mean(differences), Statistics.standardError(differences));
        }

        /** For results. */
        Map<String, Object> row() {
            return Map.of("difference", difference, "standard_error", standardError);
        }

        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%+.4f (%.4f)", difference, standardError);
        }
    }
}
