package dev.contexture.scheduler;

import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** Questions to what only the loop's thread may touch. Each is answered between two turns, so it must be quick. */
public final class LoopCalls {
    private static final int MOST_WAITING = 256;
    private static final Duration RETRY = Duration.ofSeconds(1);

    private final ArrayBlockingQueue<Call<?>> waiting = new ArrayBlockingQueue<>(MOST_WAITING);
    private Runnable wake = () -> {};
    private volatile boolean closed;

    private record Call<T>(Supplier<T> question, CompletableFuture<T> answer) {
        void run() {
            try {
                answer.complete(question.get());
            } catch (RuntimeException e) {
                answer.completeExceptionally(e);
            }
        }
    }

    void wakes(Runnable loop) {
        wake = loop;
    }

    /**
     * Asks. Safe for use by several threads.
     *
     * @return completed by the loop's thread; fails with {@link QueueFullException} if too many wait, with {@link
     *     ShuttingDownException} if the loop has ended
     */
    public <T> CompletableFuture<T> ask(Supplier<T> question) {
        Call<T> call = new Call<>(question, new CompletableFuture<>());
        if (closed || !waiting.offer(call)) {
            return CompletableFuture.failedFuture(
                    closed
                            ? new ShuttingDownException()
                            : new QueueFullException(
                                    "the engine has too many questions to answer; try again later", RETRY));
        }
        wake.run();
        if (closed) {
            rejectAll();
        }
        return call.answer;
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    /** By the loop's thread: answers those that wait now. */
    void run() {
        for (int count = waiting.size(); count > 0; count--) {
            Call<?> call = waiting.poll();
            if (call != null) {
                call.run();
            }
        }
    }

    void close() {
        closed = true;
        rejectAll();
    }

    private void rejectAll() {
        for (Call<?> call = waiting.poll(); call != null; call = waiting.poll()) {
            call.answer.completeExceptionally(new ShuttingDownException());
        }
    }
}
