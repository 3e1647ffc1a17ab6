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
            throw full(requests + " embedding requests are waiting, which is the most");
        }
        requests++;
        return new Ticket();
    }

    static QueueFullException full(String why) {
        return new QueueFullException(why + "; try again later", RETRY_AFTER);
    }

    synchronized void refuseMore() {
        closed = true;
    }

    synchronized boolean isClosed() {
        return closed;
    }

    synchronized EmbeddingLoad load() {
        return new EmbeddingLoad(requests, tokens);
    }

    private synchronized void take(Ticket ticket, int more) {
        if (ticket.closed) {
            return;
        }
        if (tokens + more > maxTokens) {
            throw full(tokens + " tokens are waiting to be embedded, and with these " + more + " they would be above "
                    + maxTokens + ", which is the most");
        }
        tokens += more;
        ticket.taken += more;
    }

    private synchronized void leave(Ticket ticket) {
        if (ticket.closed) {
            return;
        }
        ticket.closed = true;
        requests--;
        tokens -= ticket.taken;
    }

    /**
     * One request's place. A request that is cancelled gives it back while its texts are still being read, on another thread, so that
     * both are guarded by the admission's lock.
     */
    final class Ticket implements AutoCloseable {
        private long taken;
        private boolean closed;

        /**
         * Does nothing once the place is given back.
         *
         * @throws QueueFullException if so many tokens would be too many
         */
        void take(int more) {
            EmbeddingAdmission.this.take(this, more);
        }

        @Override
        public void close() {
            leave(this);
        }
    }
}
