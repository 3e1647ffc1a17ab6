package dev.contexture.scheduler;

import java.util.List;

/** What session sees of the scheduler. Safe for use by several threads; never blocks. */
public interface TokenGenerator {
    /**
     * Queues sequences, all or none. Sequences of one call share a prompt in the usual case (n choices): the later ones
     * wait until the first has left prefill, so that they find its prefix in the cache.
     *
     * @throws QueueFullException if the queue's bound of requests or tokens would be passed
     * @throws ShuttingDownException once draining has begun
     * @throws IllegalArgumentException if prompt and output cannot fit the context length or the whole KV pool
     */
    List<SequenceHandle> submit(List<SequenceRequest> requests);

    /** Longest sequence, prompt and output together, in tokens. */
    int contextLength();

    /** A queued or running sequence. */
    interface SequenceHandle {
        /** Ends the sequence within one step; its pages return to the pool. Does nothing once it has ended. */
        void cancel(CancelCause cause);
    }
}
