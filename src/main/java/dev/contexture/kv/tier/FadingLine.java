package dev.contexture.kv.tier;

/**
 * A rising line through measurements of which older ones fade: what a transfer of so many bytes takes, say, as latency and bandwidth.
 * Until measurements of different sizes are there, small amounts are taken to cost as much as those that were seen, and larger ones
 * in proportion. Safe for use by several threads.
 */
public final class FadingLine {
    /** Of the mean, squared: sizes that differ by less say nothing about a slope. */
    private static final double LEAST_SPREAD = 1e-3;

    private final double kept;
    private double weight;
    private double sumX;
    private double sumY;
    private double sumXx;
    private double sumXy;

    /**
     * @param kept weight that an earlier measurement keeps when a new one comes, above 0 and below 1
     */
    public FadingLine(double kept) {
        if (!(kept > 0 && kept < 1)) {
            throw new IllegalArgumentException("kept must lie between 0 and 1 but is " + kept);
        }
        this.kept = kept;
    }

    /**
     * @param x not negative
     * @param y not negative
     */
    public synchronized void add(double x, double y) {
        weight = kept * weight + 1;
        sumX = kept * sumX + x;
        sumY = kept * sumY + y;
        sumXx = kept * sumXx + x * x;
        sumXy = kept * sumXy + x * y;
    }

    public synchronized boolean isMeasured() {
        return weight > 0;
    }

    /**
     * @throws IllegalStateException if nothing was measured yet
     */
    public synchronized double at(double x) {
        if (weight == 0) {
            throw new IllegalStateException("nothing was measured yet");
        }
        double meanX = sumX / weight;
        double meanY = sumY / weight;
        double spread = sumXx / weight - meanX * meanX;
        if (spread <= LEAST_SPREAD * meanX * meanX || meanX == 0) {
            return meanX == 0 ? meanY : meanY * Math.max(1, x / meanX);
        }
        double slope = Math.max(0, (sumXy / weight - meanX * meanY) / spread);
        double intercept = meanY - slope * meanX;
        return intercept < 0 ? sumXy / sumXx * x : intercept + slope * x;
    }
}
