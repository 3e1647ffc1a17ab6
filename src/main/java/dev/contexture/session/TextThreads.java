package dev.contexture.session;

import dev.contexture.scheduler.QueueFullException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** Where prompts are rendered and tokenised. Bounded: a full queue refuses requests like the step loop's queue does. */
final class TextThreads {
    private static final Duration RETRY_AFTER_FULL_QUEUE = Duration.ofSeconds(1);

    private final Scheduler threads;

    TextThreads(Scheduler threads) {
        this.threads = threads;
    }

    /** Fails with {@link QueueFullException} if too many wait. */
    <T> Mono<T> call(Callable<T> work) {
        return Mono.fromCallable(() -> answered(work))
                .subscribeOn(threads)
                .onErrorMap(
                        RejectedExecutionException.class,
                        e -> new QueueFullException(
                                "too many prompts are waiting to be read; try again later", RETRY_AFTER_FULL_QUEUE));
    }

    /** Reactor lets an Error end the thread without a word to the subscriber. */
    private static <T> T answered(Callable<T> work) throws Exception {
        try {
            return work.call();
        } catch (StackOverflowError | OutOfMemoryError | LinkageError e) {
            throw new IllegalStateException("the prompt could not be processed: " + e, e);
        }
    }
}
