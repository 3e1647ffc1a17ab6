package dev.contexture.session.embedding;

import dev.contexture.scheduler.QueueFullException;
import dev.contexture.scheduler.ShuttingDownException;
import java.time.Duration;

/** Counts the requests that are computed or wait, and their tokens, and refuses what goes beyond the bounds. */
final class EmbeddingAdmission {
    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

    private final int maxRequests;
    private final long maxTokens;
    private int requests;
    private long tokens;
    private boolean closed;

    EmbeddingAdmission(int maxRequests, long maxTokens) {
        this.maxRequests = maxRequests;
        this.maxTokens = maxTokens;
    }

    /**
     * @throws QueueFullException if too many requests are here already
     * @throws ShuttingDownException if no more are taken
     */
    synchronized Ticket enter() {
        if (closed) {
            throw new ShuttingDownException();
        }
        if (requests >= maxRequests) {
            throw full(requests + " embedding requests are waiting");
        }
        requests++;
        return new Ticket();
    }

    private static QueueFullException full(String why) {
        return new QueueFullException(why + ", which is the most; try again later", RETRY_AFTER);
    }

    synchronized void refuseMore() {
        closed = true;
    }

    synchronized EmbeddingLoad load() {
        return new EmbeddingLoad(requests, tokens);
    }

    private synchronized void add(int more) {
        if (tokens + more > maxTokens) {
            throw full(tokens + " tokens are waiting to be embedded, and with these " + more + " they would be above "
                    + maxTokens);
        }
        tokens += more;
    }

    private synchronized void leave(int taken) {
        requests--;
        tokens -= taken;
    }

    /** One request's place. Used by one thread at a time. */
    final class Ticket implements AutoCloseable {
        private int taken;

        /**
         * @throws QueueFullException if so many tokens would be too many
         */
        void take(int more) {
            add(more);
            taken += more;
        }

        @Override
        public void close() {
            leave(taken);
        }
    }
}
