package dev.contexture.config;

import dev.contexture.core.Precision;
import dev.contexture.engine.ort.OrtEmbeddingRunner;
import dev.contexture.model.embedding.EmbeddingModelFiles;
import dev.contexture.model.embedding.EmbeddingTokenizer;
import dev.contexture.model.embedding.FloatProducts;
import dev.contexture.session.embedding.DefaultEmbeddingService;
import dev.contexture.session.embedding.EmbeddingListener;
import dev.contexture.session.embedding.EmbeddingService;
import dev.contexture.session.embedding.LoadedEmbeddingModel;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.scheduler.Schedulers;

/** The embedding model with the threads that compute it. */
public final class EmbeddingHost implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EmbeddingHost.class);
    /** For runs that have begun; one takes some tens of milliseconds. */
    private static final Duration LAST_RUNS = Duration.ofSeconds(10);

    private final EmbeddingProperties properties;
    private final ThreadPoolExecutor threads;
    private final DefaultEmbeddingService service;
    private @Nullable LoadedEmbeddingModel model;

    public EmbeddingHost(EmbeddingProperties properties, EmbeddingListener listener, Instant created) {
        this.properties = properties;
        int count = properties.threadCount();
        this.threads = new ThreadPoolExecutor(
                count,
                count,
                0,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(Math.multiplyExact(properties.maxQueuedRequests(), count)),
                Thread.ofPlatform().name("embedding-", 1).daemon().factory());
        this.service = new DefaultEmbeddingService(
                new EmbeddingService.ModelDescription(
                        properties.model(),
                        EmbeddingModelFiles.ALL_MINILM_DIMENSIONS,
                        properties.maxInputTokens(),
                        properties.maxInputs(),
                        properties.maxRequestTokens(),
                        created.getEpochSecond()),
                properties.toBounds(),
                this::model,
                listener,
                Schedulers.fromExecutorService(threads, "embedding"),
                count,
                System::nanoTime);
        if (!properties.lazy()) {
            model();
        }
    }

    public DefaultEmbeddingService service() {
        return service;
    }

    private synchronized LoadedEmbeddingModel model() {
        if (model == null) {
            long begin = System.nanoTime();
            EmbeddingModelFiles files = EmbeddingModelFiles.allMiniLm();
            byte[] graph = properties.precision() == Precision.EXACT ? FloatProducts.of(files.graph()) : files.graph();
            model = new LoadedEmbeddingModel(
                    new EmbeddingTokenizer(files.tokenizer()), new OrtEmbeddingRunner(graph, files.dimensions()));
            LOG.info("Loaded the embedding model {} after {} ms", files.id(), (System.nanoTime() - begin) / 1_000_000);
        }
        return model;
    }

    @Override
    public void close() {
        service.refuseMore();
        threads.shutdownNow();
        try {
            if (!threads.awaitTermination(LAST_RUNS.toSeconds(), TimeUnit.SECONDS)) {
                LOG.warn("The embedding model still runs and is left to the end of the process");
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        }
        synchronized (this) {
            if (model != null) {
                model.close();
                model = null;
            }
        }
    }
}
