package dev.contexture.scheduler;

/** Hears of blocks that moved, for metrics. Called on the loop's thread; must not block or throw. */
public interface TrafficListener {
    /** Why the rest of a prompt was computed although blocks were stored once. */
    enum RestoreEnd {
        /** All blocks came back. */
        COMPLETE,
        /** What selections need came back; keys and values follow as they are selected. */
        PARTIAL,
        /** The next block is in no tier. */
        MISS,
        /** The next block may be in a tier that cannot be reached. */
        UNAVAILABLE,
        /** The next block did not come in time, or is quicker to compute. */
        LATE,
        /** The next block was not what was stored. */
        REFUSED,
        /** The pool had no page left for it. */
        NO_PAGES
    }

    /** Nobody listens. */
    TrafficListener NONE = new TrafficListener() {
        @Override
        public void planned(RestoreReport plan) {}

        @Override
        public void restored(int tokens, long bytes, long nanos, RestoreEnd end) {}

        @Override
        public void stored(int blocks, long bytes, long nanos) {}

        @Override
        public void gone(int blocks) {}

        @Override
        public void brought(int parts, long bytes, long nanos) {}

        @Override
        public void audited(double difference, boolean breached) {}

        @Override
        public void auditDropped() {}
    };

    /** It was decided how a sequence's missing blocks come to the pool. */
    void planned(RestoreReport plan);

    /**
     * A sequence's restore ended.
     *
     * @param tokens that need not be computed
     * @param bytes as they were stored
     * @param nanos since the sequence was admitted
     */
    void restored(int tokens, long bytes, long nanos, RestoreEnd end);

    /** Blocks were handed to the store in one turn. */
    void stored(int blocks, long bytes, long nanos);

    /** Blocks left the pool before they were stored, or were too many to wait for it. */
    void gone(int blocks);

    /** A step's selection brought parts of blocks that were missing. */
    void brought(int parts, long bytes, long nanos);

    /**
     * A block that came back was computed again.
     *
     * @param difference of the part that is worst off, relative
     * @param breached whether that is more than allowed: nothing is stored or loaded any more
     */
    void audited(double difference, boolean breached);

    /** An audit could not be made: what it needs was gone, or the model failed. */
    void auditDropped();
}
