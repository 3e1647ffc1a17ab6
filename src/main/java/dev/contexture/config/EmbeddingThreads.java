package dev.contexture.config;

import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RunnableFuture;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Threads with a bounded queue. A task that is cancelled leaves it at once, so that no place is held for what nobody waits for. */
final class EmbeddingThreads extends ThreadPoolExecutor {
    EmbeddingThreads(int count, int mostQueued) {
        super(
                count,
                count,
                0,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(mostQueued),
                Thread.ofPlatform().name("embedding-", 1).daemon().factory());
    }

    @Override
    protected <T> RunnableFuture<T> newTaskFor(Callable<T> task) {
        return new FutureTask<>(task) {
            @Override
            protected void done() {
                if (isCancelled()) {
                    EmbeddingThreads.this.remove(this);
                }
            }
        };
    }
}
