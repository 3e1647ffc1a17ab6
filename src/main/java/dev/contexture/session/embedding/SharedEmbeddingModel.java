package dev.contexture.session.embedding;

import dev.contexture.scheduler.ShuttingDownException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Future;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One embedding model for all requests, loaded when it is first asked for. The load has a thread of its own: a request that is cancelled
 * has its thread interrupted, which must neither end the load nor lose what it made. After a load that failed the next one begins
 * {@link #RETRY_AFTER} after it at the earliest; until then all hear of the failure. Safe for use by several threads.
 */
public final class SharedEmbeddingModel implements Supplier<LoadedEmbeddingModel>, AutoCloseable {
    /** Between the beginnings of two loads. */
    static final Duration RETRY_AFTER = Duration.ofSeconds(10);

    private final Callable<LoadedEmbeddingModel> loader;
    private final LongSupplier nanos;
    private @Nullable CompletableFuture<LoadedEmbeddingModel> load;
    private long begin;
    private boolean ending;

    /**
     * @param loader closes what it made where it fails
     * @param nanos a clock
     */
    public SharedEmbeddingModel(Callable<LoadedEmbeddingModel> loader, LongSupplier nanos) {
        this.loader = loader;
        this.nanos = nanos;
    }

    /**
     * Waits for the load, interrupted or not: those who wait are few, and the wait ends with the load or with {@link #refuseMore}.
     *
     * @throws ShuttingDownException if no more are served
     * @throws IllegalStateException if the model cannot be loaded
     */
    @Override
    public LoadedEmbeddingModel get() {
        try {
            return current().join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof ShuttingDownException) {
                throw new ShuttingDownException();
            }
            throw new IllegalStateException(
                    "the embedding model cannot be loaded, which is tried again after " + RETRY_AFTER.toSeconds()
                            + " seconds: " + e.getCause(),
                    e.getCause());
        }
    }

    private synchronized CompletableFuture<LoadedEmbeddingModel> current() {
        if (ending) {
            throw new ShuttingDownException();
        }
        if (load == null
                || (load.state() == Future.State.FAILED && nanos.getAsLong() - begin >= RETRY_AFTER.toNanos())) {
            CompletableFuture<LoadedEmbeddingModel> next = new CompletableFuture<>();
            Thread.ofPlatform().name("embedding-load").daemon().start(() -> load(next));
            begin = nanos.getAsLong();
            load = next;
        }
        return load;
    }

    private void load(CompletableFuture<LoadedEmbeddingModel> result) {
        try {
            LoadedEmbeddingModel model = loader.call();
            if (!result.complete(model)) {
                model.close();
            }
        } catch (Throwable e) {
            result.completeExceptionally(e);
        }
    }

    /** From now on nobody gets the model, also not those who wait for it. Those who have it may go on. */
    public synchronized void refuseMore() {
        ending = true;
        if (load != null) {
            load.completeExceptionally(new ShuttingDownException());
        }
    }

    /** Closes the model, now or when its load ends. Nobody may be using it. */
    @Override
    public void close() {
        refuseMore();
        CompletableFuture<LoadedEmbeddingModel> last;
        synchronized (this) {
            last = load;
            load = null;
        }
        if (last != null && last.state() == Future.State.SUCCESS) {
            last.resultNow().close();
        }
    }
}
