package dev.contexture.scheduler;

/**
 * How long a restore may wait for what does not come. Having waited for nothing must cost little beside computing: it may take a
 * small share of that, and what blocks that did come have saved.
 */
final class Patience {
    /** Of what computing everything takes. */
    private static final double SHARE = 0.06;

    private final long mostAtOnceNanos;
    private long leftNanos;

    /**
     * @param computeNanos what computing everything would take
     * @param mostAtOnceNanos for one block
     */
    Patience(long computeNanos, long mostAtOnceNanos) {
        this.mostAtOnceNanos = mostAtOnceNanos;
        this.leftNanos = (long) (computeNanos * SHARE);
    }

    /** For whom only what is there already will do. */
    static Patience none() {
        return new Patience(0, 0);
    }

    boolean outlasts(long waitedNanos) {
        return waitedNanos <= Math.min(leftNanos, mostAtOnceNanos);
    }

    void waited(long nanos) {
        leftNanos = Math.max(0, leftNanos - nanos);
    }

    /** Something came that need not be computed. */
    void saved(long nanos) {
        leftNanos = leftNanos > Long.MAX_VALUE - nanos ? Long.MAX_VALUE : leftNanos + nanos;
    }
}
