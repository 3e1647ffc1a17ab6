package dev.contexture.scheduler;

/** What loading stored blocks and computing them would take, in nanoseconds. Used by the loop's thread only. */
public interface RestoreGate {
    /** Loading is always the better choice, and always worth waiting for. */
    RestoreGate OPEN = new RestoreGate() {
        @Override
        public long loadNanos(long hostBytes, long remoteBytes) {
            return 0;
        }

        @Override
        public long stepNanos(long hostBytes, long remoteBytes) {
            return 0;
        }

        @Override
        public long computeNanos(int from, int to) {
            return Long.MAX_VALUE;
        }

        @Override
        public long rowNanos() {
            return 0;
        }

        @Override
        public void moved(long bytes, long nanos) {}

        @Override
        public void restored(long bytes, long nanos) {}

        @Override
        public void computed(int from, int tokens, long nanos) {}
    };

    /**
     * @param hostBytes in host memory
     * @param remoteBytes behind it
     * @return {@link Long#MAX_VALUE} if they cannot be had
     */
    long loadNanos(long hostBytes, long remoteBytes);

    /** The same, of what a step of a restore that runs already brings. */
    long stepNanos(long hostBytes, long remoteBytes);

    /** What the tokens {@code [from, to)} of a prompt take; {@link Long#MAX_VALUE} if that is not known. */
    long computeNanos(int from, int to);

    /** What a step of one row takes; 0 if that is not known. */
    long rowNanos();

    /** Stored bytes of host memory came into the pool. */
    void moved(long bytes, long nanos);

    /** Stored bytes came from behind host memory, all in all in so long. */
    void restored(long bytes, long nanos);

    /** A step computed tokens of one prompt. */
    void computed(int from, int tokens, long nanos);
}
