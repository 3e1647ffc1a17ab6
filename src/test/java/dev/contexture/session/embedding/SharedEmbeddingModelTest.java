package dev.contexture.session.embedding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.model.embedding.EmbeddingModelFiles;
import dev.contexture.model.embedding.EmbeddingRunner;
import dev.contexture.model.embedding.EmbeddingTokenizer;
import dev.contexture.scheduler.ShuttingDownException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class SharedEmbeddingModelTest {
    private static final EmbeddingRunner RUNNER = new EmbeddingRunner() {
        @Override
        public float[][] run(int[][] tokenIds) {
            return new float[tokenIds.length][1];
        }

        @Override
        public int dimensions() {
            return 1;
        }

        @Override
        public void close() {}
    };

    private static EmbeddingTokenizer tokenizer() {
        return new EmbeddingTokenizer(EmbeddingModelFiles.allMiniLm().tokenizer());
    }

    @Test
    void aLoadThatFailedIsTriedAgainAfterAWhile() {
        AtomicLong now = new AtomicLong();
        AtomicInteger loads = new AtomicInteger();
        SharedEmbeddingModel model = new SharedEmbeddingModel(
                () -> {
                    if (loads.incrementAndGet() < 3) {
                        throw new OutOfMemoryError("in the test");
                    }
                    return new LoadedEmbeddingModel(tokenizer(), RUNNER);
                },
                now::get);
        for (int load = 1; load < 3; load++) {
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(model::get)
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("again after 10 seconds")
                        .hasRootCauseMessage("in the test");
            }
            assertThat(loads).hasValue(load);
            now.addAndGet(SharedEmbeddingModel.RETRY_AFTER.toNanos());
        }
        LoadedEmbeddingModel loaded = model.get();
        now.addAndGet(SharedEmbeddingModel.RETRY_AFTER.toNanos());
        assertThat(model.get()).isSameAs(loaded);
        assertThat(loads).hasValue(3);
        model.close();
        assertThatThrownBy(() -> loaded.tokenizer().encode("one")).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(model::get).isInstanceOf(ShuttingDownException.class);
    }

    @Test
    void whoWaitsHearsOfTheEnd() throws Exception {
        Semaphore begun = new Semaphore(0);
        Semaphore held = new Semaphore(0);
        SharedEmbeddingModel model = new SharedEmbeddingModel(
                () -> {
                    begun.release();
                    held.acquire();
                    return new LoadedEmbeddingModel(tokenizer(), RUNNER);
                },
                System::nanoTime);
        AtomicInteger told = new AtomicInteger();
        Thread waits = Thread.ofPlatform().start(() -> {
            try {
                model.get();
            } catch (ShuttingDownException e) {
                told.incrementAndGet();
            }
        });
        begun.acquire();
        waits.interrupt();
        model.refuseMore();
        waits.join();
        assertThat(told).hasValue(1);
        held.release();
        model.close();
    }

    @Test
    void aTokenizerWithoutARunnerIsClosed() {
        EmbeddingTokenizer tokenizer = tokenizer();
        assertThatThrownBy(() -> LoadedEmbeddingModel.of(tokenizer, () -> {
                    throw new OutOfMemoryError("in the test");
                }))
                .isInstanceOf(OutOfMemoryError.class);
        assertThatThrownBy(() -> tokenizer.encode("one")).isInstanceOf(IllegalStateException.class);
    }
}
