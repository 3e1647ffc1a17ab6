package dev.contexture.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Engines side by side, each with its own cache and its share of the threads: texts do not depend on each other, and a large
 * machine does more with few threads per engine than with many. For values, not for times.
 */
final class Workers implements AutoCloseable {
    private final List<EngineParts> parts = new ArrayList<>();

    /** Does one piece of work after the other on one engine. */
    interface Worker<T, R> {
        R work(T item) throws IOException;
    }

    /** Hears of results in the order of the items, as soon as those before them are there. */
    interface Results<T, R> {
        void accept(T item, R result) throws IOException;
    }

    /**
     * As many as {@code bench.workers} says.
     *
     * @param settings of each engine, but for the threads, which are those of all together
     */
    static Workers open(Options options, EngineParts.Settings settings) {
        Workers workers = new Workers();
        try {
            int count = Math.max(1, options.number("workers", 1));
            for (int i = 0; i < count; i++) {
                workers.parts.add(new EngineParts(settings.withThreads(Math.max(1, settings.threads() / count))));
            }
            return workers;
        } catch (RuntimeException e) {
            workers.close();
            throw e;
        }
    }

    /** For what is only read: tokenizer, template, names. */
    EngineParts any() {
        return parts.getFirst();
    }

    /**
     * Spreads items over the engines.
     *
     * @param factory makes each engine's worker
     * @throws IllegalStateException if a piece of work fails; the rest is given up
     */
    <T, R> void run(List<T> items, Function<EngineParts, Worker<T, R>> factory, Results<T, R> results)
            throws IOException, InterruptedException {
        BlockingQueue<Worker<T, R>> idle = new ArrayBlockingQueue<>(
                parts.size(), false, parts.stream().map(factory).toList());
        try (ExecutorService threads = Executors.newFixedThreadPool(parts.size())) {
            List<Future<R>> found = new ArrayList<>();
            for (T item : items) {
                found.add(threads.submit(() -> {
                    Worker<T, R> worker = idle.take();
                    try {
                        return worker.work(item);
                    } finally {
                        idle.put(worker);
                    }
                }));
            }
            try {
                for (int i = 0; i < items.size(); i++) {
                    results.accept(items.get(i), found.get(i).get());
                }
            } catch (ExecutionException e) {
                throw new IllegalStateException("a worker failed: " + e.getCause(), e.getCause());
            } finally {
                threads.shutdownNow();
            }
        }
    }

    @Override
    public void close() {
        @Nullable RuntimeException failure = null;
        for (EngineParts each : parts.reversed()) {
            try {
                each.close();
            } catch (RuntimeException e) {
                failure = e;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
