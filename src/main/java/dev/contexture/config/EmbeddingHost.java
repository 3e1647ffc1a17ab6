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
import dev.contexture.session.embedding.SharedEmbeddingModel;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.scheduler.Schedulers;

/** The embedding model with the threads that compute it. */
public final class EmbeddingHost implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EmbeddingHost.class);
    /** For runs that have begun; one takes some tens of milliseconds. */
    private static final Duration LAST_RUNS = Duration.ofSeconds(10);

    private final EmbeddingThreads threads;
    private final SharedEmbeddingModel model;
    private final DefaultEmbeddingService service;

    public EmbeddingHost(EmbeddingProperties properties, EmbeddingListener listener, Instant created) {
        this(properties, listener, created, () -> load(properties.precision()));
    }

    EmbeddingHost(
            EmbeddingProperties properties,
            EmbeddingListener listener,
            Instant created,
            Callable<LoadedEmbeddingModel> loader) {
        int count = properties.threadCount();
        this.threads = new EmbeddingThreads(count, Math.multiplyExact(properties.maxQueuedRequests(), count));
        this.model = new SharedEmbeddingModel(loader, System::nanoTime);
        this.service = new DefaultEmbeddingService(
                new EmbeddingService.ModelDescription(
                        properties.model(),
                        EmbeddingModelFiles.ALL_MINILM_DIMENSIONS,
                        properties.maxInputTokens(),
                        properties.maxInputs(),
                        properties.maxRequestTokens(),
                        created.getEpochSecond()),
                properties.toBounds(),
                model,
                listener,
                Schedulers.fromExecutorService(threads, "embedding"),
                count,
                System::nanoTime);
        if (!properties.lazy()) {
            model.get();
        }
    }

    public DefaultEmbeddingService service() {
        return service;
    }

    static LoadedEmbeddingModel load(Precision precision) {
        long begin = System.nanoTime();
        EmbeddingModelFiles files = EmbeddingModelFiles.allMiniLm();
        byte[] graph = precision == Precision.EXACT ? FloatProducts.of(files.graph()) : files.graph();
        LoadedEmbeddingModel model = LoadedEmbeddingModel.of(
                new EmbeddingTokenizer(files.tokenizer()), () -> new OrtEmbeddingRunner(graph, files.dimensions()));
        LOG.info("Loaded the embedding model {} after {} ms", files.id(), (System.nanoTime() - begin) / 1_000_000);
        return model;
    }

    @Override
    public void close() {
        service.refuseMore();
        model.refuseMore();
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
        model.close();
    }
}
