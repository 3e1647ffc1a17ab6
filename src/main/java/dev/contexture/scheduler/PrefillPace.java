package dev.contexture.scheduler;

/**
 * What computing a prompt takes, from the steps that did: a token costs more the further behind it is, so ranges of positions are
 * measured apart, each twice as long as the one before. Used by the loop's thread only.
 */
public final class PrefillPace {
    private static final double LEAST_NEW_WEIGHT = 0.05;
    private static final int FIRST_RANGE_TOKENS = 512;
    private static final int RANGES = 16;

    /** Nanoseconds per token; 0: not measured. */
    private final double[] ranges = new double[RANGES];

    private final int[] measurements = new int[RANGES];

    /** A step computed the tokens {@code [from, from + tokens)} and nothing else to speak of. */
    public void add(int from, int tokens, long nanos) {
        if (tokens <= 0 || nanos <= 0) {
            return;
        }
        int range = range(from + tokens / 2);
        measurements[range] = Math.min(measurements[range] + 1, Integer.MAX_VALUE - 1);
        double weight = Math.max(LEAST_NEW_WEIGHT, 1.0 / measurements[range]);
        ranges[range] += weight * ((double) nanos / tokens - ranges[range]);
    }

    public boolean isMeasured() {
        for (double range : ranges) {
            if (range > 0) {
                return true;
            }
        }
        return false;
    }

    /**
     * What the tokens {@code [from, to)} will take; ranges that were not seen yet cost what the nearest one did.
     *
     * @throws IllegalStateException if nothing was measured yet
     */
    public long nanos(int from, int to) {
        if (!isMeasured()) {
            throw new IllegalStateException("nothing was measured yet");
        }
        double sum = 0;
        int position = from;
        while (position < to) {
            int range = range(position);
            int end = range == RANGES - 1 ? to : Math.min(to, begin(range + 1));
            sum += (end - position) * nanosPerToken(range);
            position = end;
        }
        return (long) sum;
    }

    private double nanosPerToken(int range) {
        for (int distance = 0; distance < RANGES; distance++) {
            if (range - distance >= 0 && ranges[range - distance] > 0) {
                return ranges[range - distance];
            }
            if (range + distance < RANGES && ranges[range + distance] > 0) {
                return ranges[range + distance];
            }
        }
        throw new IllegalStateException("nothing was measured yet");
    }

    private static int begin(int range) {
        return range == 0 ? 0 : FIRST_RANGE_TOKENS << (range - 1);
    }

    private static int range(int position) {
        int range = Integer.SIZE - Integer.numberOfLeadingZeros(position / FIRST_RANGE_TOKENS);
        return Math.min(range, RANGES - 1);
    }
}
