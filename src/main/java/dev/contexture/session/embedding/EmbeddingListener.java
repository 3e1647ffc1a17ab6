package dev.contexture.session.embedding;

/** Hears what embedding requests do. Safe for use by several threads; must not block. */
public interface EmbeddingListener {
    /** How a request ended. */
    enum Outcome {
        SUCCESS,
        /** The caller's fault, or too much to do. */
        REFUSED,
        FAILED,
        CANCELLED
    }

    EmbeddingListener NONE = new EmbeddingListener() {
        @Override
        public void started(long queuedNanos) {}

        @Override
        public void ran(int inputs, int paddedTokens, long nanos) {}

        @Override
        public void ended(Outcome outcome, int inputs, int tokens, long nanos) {}
    };

    /**
     * Work on a request begins.
     *
     * @param queuedNanos since it came
     */
    void started(long queuedNanos);

    /**
     * One run of the model.
     *
     * @param paddedTokens of all its sequences, padding included
     */
    void ran(int inputs, int paddedTokens, long nanos);

    /**
     * @param tokens 0 unless it succeeded
     */
    void ended(Outcome outcome, int inputs, int tokens, long nanos);
}
