package dev.contexture.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.Precision;
import dev.contexture.metrics.EmbeddingMetrics;
import dev.contexture.model.embedding.EmbeddingRunner;
import dev.contexture.session.embedding.EmbeddingBounds.TooLong;
import dev.contexture.session.embedding.EmbeddingLoad;
import dev.contexture.session.embedding.EmbeddingRequest;
import dev.contexture.session.embedding.LoadedEmbeddingModel;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;

/** The built-in model on one thread, whose load the test holds. */
class EmbeddingHostTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final int MOST_REQUESTS = 3;
    private static final EmbeddingRequest REQUEST = EmbeddingRequest.of(List.of("one two three"));

    private final AtomicInteger loads = new AtomicInteger();
    private final AtomicInteger closed = new AtomicInteger();
    private final Semaphore begun = new Semaphore(0);
    private final Semaphore held = new Semaphore(0);
    private final EmbeddingHost host = new EmbeddingHost(
            new EmbeddingProperties(
                    "all-minilm-l6-v2",
                    Precision.FAST,
                    true,
                    1,
                    256,
                    TooLong.REFUSE,
                    16,
                    256,
                    256,
                    MOST_REQUESTS,
                    1024),
            new EmbeddingMetrics(new SimpleMeterRegistry(), "all-minilm-l6-v2"),
            Instant.ofEpochSecond(0),
            this::load);

    /** As anything that loads, it ends where its thread is interrupted. */
    private LoadedEmbeddingModel load() throws InterruptedException {
        loads.incrementAndGet();
        begun.release();
        held.acquire();
        LoadedEmbeddingModel loaded = EmbeddingHost.load(Precision.FAST);
        return new LoadedEmbeddingModel(loaded.tokenizer(), new Counted(loaded.runner(), closed));
    }

    private record Counted(EmbeddingRunner runner, AtomicInteger closed) implements EmbeddingRunner {
        @Override
        public float[][] run(int[][] tokenIds) {
            return runner.run(tokenIds);
        }

        @Override
        public int dimensions() {
            return runner.dimensions();
        }

        @Override
        public void close() {
            runner.close();
            closed.incrementAndGet();
        }
    }

    @AfterEach
    void close() {
        held.release();
        host.close();
    }

    private Disposable begin() throws InterruptedException {
        Disposable request = host.service().embed(REQUEST).subscribe(result -> {}, error -> {});
        assertThat(begun.tryAcquire(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
        return request;
    }

    private void requireAnswer() {
        assertThat(Objects.requireNonNull(host.service().embed(REQUEST).block(SOON))
                        .vectors())
                .hasSize(1);
    }

    @Test
    void aCancelledRequestDoesNotStopTheLoad() throws Exception {
        begin().dispose();
        held.release();
        requireAnswer();
        assertThat(loads).hasValue(1);
        host.close();
        assertThat(closed).hasValue(1);
    }

    @Test
    void cancelledRequestsLeaveTheQueue() throws Exception {
        Disposable first = begin();
        for (int i = 0; i < 2 * MOST_REQUESTS; i++) {
            Disposable queued = host.service().embed(REQUEST).subscribe(result -> {}, error -> {});
            assertThat(host.service().load()).isEqualTo(new EmbeddingLoad(2, 0));
            queued.dispose();
        }
        held.release();
        requireAnswer();
        first.dispose();
    }

    @Test
    void whatIsLoadedBehindTheEndIsClosed() throws Exception {
        Disposable request = begin();
        host.close();
        request.dispose();
        assertThat(closed).hasValue(0);
        held.release();
        long end = System.nanoTime() + SOON.toNanos();
        while (closed.get() == 0 && System.nanoTime() < end) {
            Thread.sleep(10);
        }
        assertThat(closed).hasValue(1);
    }
}
