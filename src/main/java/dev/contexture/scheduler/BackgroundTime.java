package dev.contexture.scheduler;

/**
 * Time that work in the background may take from running sequences: a share of what their steps take, saved up to a bound and overdrawn by the last
 * piece of work alone.
 */
final class BackgroundTime {
    private final double share;
    private final long mostNanos;
    private long leftNanos;

    /**
     * @param share of steps, 0 to 1
     * @param mostNanos at once; all of it where nothing runs
     */
    BackgroundTime(double share, long mostNanos) {
        this.share = share;
        this.mostNanos = mostNanos;
    }

    /**
     * @param stepNanos of the step behind which this is asked; 0: nothing ran
     */
    void earn(long stepNanos) {
        leftNanos = stepNanos == 0 ? mostNanos : Math.min(mostNanos, leftNanos + (long) (share * stepNanos));
    }

    /** Below 1: none. */
    long leftNanos() {
        return leftNanos;
    }

    void spend(long nanos) {
        leftNanos -= nanos;
    }
}
