package dev.contexture.session.embedding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.model.embedding.EmbeddingModelFiles;
import dev.contexture.model.embedding.EmbeddingRunner;
import dev.contexture.model.embedding.EmbeddingTokenizer;
import dev.contexture.scheduler.QueueFullException;
import dev.contexture.scheduler.ShuttingDownException;
import dev.contexture.session.ContextLengthExceededException;
import dev.contexture.session.InvalidPromptException;
import dev.contexture.session.embedding.EmbeddingBounds.TooLong;
import dev.contexture.session.embedding.EmbeddingListener.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** The service over the built-in model's tokenizer and a runner that the test holds. */
class DefaultEmbeddingServiceTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final int THREADS = 2;

    /** A vector says which sequence it is of: its length and its second token. */
    private static final class HeldRunner implements EmbeddingRunner {
        private final CountDownLatch open;
        private final List<int[][]> runs = Collections.synchronizedList(new ArrayList<>());
        private final CountDownLatch begun = new CountDownLatch(1);

        HeldRunner(int held) {
            this.open = new CountDownLatch(held);
        }

        @Override
        public float[][] run(int[][] tokenIds) {
            runs.add(tokenIds);
            begun.countDown();
            try {
                if (!open.await(SOON.toSeconds(), TimeUnit.SECONDS)) {
                    throw new IllegalStateException("the test holds the runner for ever");
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            float[][] vectors = new float[tokenIds.length][];
            for (int i = 0; i < vectors.length; i++) {
                vectors[i] = new float[] {tokenIds[i].length, tokenIds[i][1], 0, 0};
            }
            return vectors;
        }

        @Override
        public int dimensions() {
            return 4;
        }

        @Override
        public void close() {}
    }

    private static final class Ends implements EmbeddingListener {
        private final List<Outcome> outcomes = Collections.synchronizedList(new ArrayList<>());
        private final List<Integer> ran = Collections.synchronizedList(new ArrayList<>());

        @Override
        public void started(long queuedNanos) {}

        @Override
        public void ran(int inputs, int paddedTokens, long nanos) {
            ran.add(paddedTokens);
        }

        @Override
        public void ended(Outcome outcome, int inputs, int tokens, long nanos) {
            outcomes.add(outcome);
        }
    }

    private final EmbeddingTokenizer tokenizer =
            new EmbeddingTokenizer(EmbeddingModelFiles.allMiniLm().tokenizer());
    private final Scheduler threads = Schedulers.newBoundedElastic(THREADS, 100, "embedding-test");
    private final Ends ends = new Ends();

    @AfterEach
    void close() {
        threads.dispose();
        tokenizer.close();
    }

    private static EmbeddingBounds bounds(TooLong tooLong) {
        return new EmbeddingBounds(8, tooLong, 5, 24, 16, 4, 2, 30);
    }

    private DefaultEmbeddingService service(EmbeddingRunner runner, TooLong tooLong) {
        return service(() -> new LoadedEmbeddingModel(tokenizer, runner), tooLong);
    }

    private DefaultEmbeddingService service(Supplier<LoadedEmbeddingModel> loaded, TooLong tooLong) {
        return new DefaultEmbeddingService(
                new EmbeddingService.ModelDescription("held", 4, 8, 5, 24, 0),
                bounds(tooLong),
                loaded,
                ends,
                threads,
                THREADS,
                () -> 0);
    }

    private DefaultEmbeddingService service() {
        return service(new HeldRunner(0), TooLong.REFUSE);
    }

    private static EmbeddingResult now(EmbeddingService service, EmbeddingRequest request) {
        return Objects.requireNonNull(service.embed(request).block(SOON));
    }

    private static EmbeddingRequest tokens(Integer... ids) {
        return new EmbeddingRequest(List.of(new EmbeddingInput.Tokens(List.of(ids))), OptionalInt.empty());
    }

    @Test
    void vectorsStandInTheOrderOfTheInputs() {
        EmbeddingResult result =
                now(service(), EmbeddingRequest.of(List.of("one", "one two three four", "two", "two three")));
        assertThat(result.vectors()).extracting(vector -> (int) vector[0]).containsExactly(3, 6, 3, 4);
        assertThat(result.promptTokens()).isEqualTo(16);
        assertThat(result.vectors().get(0)[1]).isNotEqualTo(result.vectors().get(2)[1]);
        assertThat(ends.outcomes).containsExactly(Outcome.SUCCESS);
        // Two batches: 2 inputs of 6 tokens with padding, 2 of 3.
        assertThat(ends.ran).containsExactlyInAnyOrder(12, 6);
    }

    @Test
    void tokenIdsAreFramedWhereTheyAreNot() {
        HeldRunner runner = new HeldRunner(0);
        EmbeddingService service = service(runner, TooLong.REFUSE);
        now(service, tokens(2028, 2048));
        now(service, tokens(101, 2028, 2048, 102));
        assertThat(runner.runs).allSatisfy(run -> assertThat(run[0]).containsExactly(101, 2028, 2048, 102));
    }

    @Test
    void badInputsAreNamed() {
        EmbeddingService service = service();
        assertInvalid(service, EmbeddingRequest.of(List.of()), "input");
        assertInvalid(service, EmbeddingRequest.of(Collections.nCopies(6, "one")), "input");
        assertInvalid(service, EmbeddingRequest.of(List.of("one", "")), "input[1]");
        assertInvalid(service, EmbeddingRequest.of(List.of("  \n")), "input");
        assertInvalid(service, EmbeddingRequest.of(Collections.nCopies(5, "one two three")), "input");
        assertInvalid(service, tokens(30_522), "input");
        assertInvalid(service, tokens(-1), "input");
        List<EmbeddingInput> one = List.of(new EmbeddingInput.Text("one"));
        assertInvalid(service, new EmbeddingRequest(one, OptionalInt.of(0)), "dimensions");
        assertInvalid(service, new EmbeddingRequest(one, OptionalInt.of(5)), "dimensions");
        assertThat(ends.outcomes).hasSize(9).containsOnly(Outcome.REFUSED);
        assertThat(service()).extracting(DefaultEmbeddingService::load).isEqualTo(new EmbeddingLoad(0, 0));
    }

    private static void assertInvalid(EmbeddingService service, EmbeddingRequest request, String param) {
        assertThatThrownBy(() -> now(service, request))
                .isInstanceOfSatisfying(
                        InvalidPromptException.class,
                        e -> assertThat(e.param()).as(e.getMessage()).isEqualTo(param));
    }

    @Test
    void longTextsAreRefusedOrCut() {
        String text = "one two three four five six seven";
        assertThatThrownBy(() -> now(service(), EmbeddingRequest.of(List.of("one", text))))
                .isInstanceOfSatisfying(ContextLengthExceededException.class, e -> {
                    assertThat(e.param()).isEqualTo("input[1]");
                    assertThat(e).hasMessageContaining("input[1] has 9");
                });
        HeldRunner runner = new HeldRunner(0);
        assertThat(now(service(runner, TooLong.TRUNCATE), EmbeddingRequest.of(List.of(text)))
                        .promptTokens())
                .isEqualTo(8);
        assertThat(runner.runs.getFirst()[0]).hasSize(8).startsWith(101).endsWith(102);
    }

    @Test
    void shorterVectorsHaveLengthOne() {
        EmbeddingRequest request = new EmbeddingRequest(List.of(new EmbeddingInput.Text("one")), OptionalInt.of(1));
        assertThat(now(service(), request).vectors().getFirst()).containsExactly(1);
    }

    @Test
    void whatIsTooMuchIsRefusedAndRoomComesBack() throws Exception {
        HeldRunner runner = new HeldRunner(1);
        DefaultEmbeddingService service = service(runner, TooLong.REFUSE);
        EmbeddingRequest big = EmbeddingRequest.of(Collections.nCopies(4, "one two three"));
        Disposable first = service.embed(big).subscribe();
        assertThat(runner.begun.await(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(service.load()).isEqualTo(new EmbeddingLoad(1, 20));

        // Both threads are held by the first one's batches.
        Disposable second = service.embed(EmbeddingRequest.of(List.of("one"))).subscribe(result -> {}, error -> {});
        assertThatThrownBy(() -> now(service, EmbeddingRequest.of(List.of("one"))))
                .isInstanceOf(QueueFullException.class)
                .hasMessageContaining("2 embedding requests");
        second.dispose();
        first.dispose();
        assertThat(service.load()).isEqualTo(new EmbeddingLoad(0, 0));
        assertThat(ends.outcomes).containsExactly(Outcome.REFUSED, Outcome.CANCELLED, Outcome.CANCELLED);
        runner.open.countDown();
        now(service, EmbeddingRequest.of(List.of("one")));
    }

    @Test
    void whoCancelsBeforeTheTextsAreReadOwesNothing() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        Semaphore release = new Semaphore(0);
        LoadedEmbeddingModel model = new LoadedEmbeddingModel(tokenizer, new HeldRunner(0));
        DefaultEmbeddingService service = service(
                () -> {
                    asked.countDown();
                    release.acquireUninterruptibly();
                    return model;
                },
                TooLong.REFUSE);
        Disposable request = service.embed(EmbeddingRequest.of(Collections.nCopies(4, "one two three")))
                .subscribe();
        assertThat(asked.await(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
        request.dispose();
        assertThat(service.load()).isEqualTo(new EmbeddingLoad(0, 0));
        release.release();
        threads.disposeGracefully().block(SOON);
        assertThat(service.load()).isEqualTo(new EmbeddingLoad(0, 0));
    }

    @Test
    void whatFailsBehindACancelIsNotToldTwice() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        Semaphore release = new Semaphore(0);
        DefaultEmbeddingService service = service(
                () -> {
                    asked.countDown();
                    release.acquireUninterruptibly();
                    throw new IllegalStateException("in the test");
                },
                TooLong.REFUSE);
        Disposable request = service.embed(EmbeddingRequest.of(List.of("one"))).subscribe(result -> {}, error -> {});
        assertThat(asked.await(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
        request.dispose();
        release.release();
        threads.disposeGracefully().block(SOON);
        assertThat(ends.outcomes).containsExactly(Outcome.CANCELLED);
    }

    @Test
    void aFullQueueIsNoShutdown() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        Semaphore release = new Semaphore(0);
        ThreadPoolExecutor narrow = new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new SynchronousQueue<>());
        DefaultEmbeddingService service = new DefaultEmbeddingService(
                new EmbeddingService.ModelDescription("held", 4, 8, 5, 24, 0),
                bounds(TooLong.REFUSE),
                () -> {
                    asked.countDown();
                    release.acquireUninterruptibly();
                    return new LoadedEmbeddingModel(tokenizer, new HeldRunner(0));
                },
                ends,
                Schedulers.fromExecutorService(narrow),
                1,
                () -> 0);
        EmbeddingRequest one = EmbeddingRequest.of(List.of("one"));
        Disposable first = service.embed(one).subscribe(result -> {}, error -> {});
        assertThat(asked.await(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThatThrownBy(() -> now(service, one))
                .isInstanceOf(QueueFullException.class)
                .hasMessageContaining("queue of the embedding threads is full");
        first.dispose();
        release.release();
        narrow.shutdown();
        assertThat(narrow.awaitTermination(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
        service.refuseMore();
        assertThatThrownBy(() -> now(service, one)).isInstanceOf(ShuttingDownException.class);
    }

    @Test
    void tokensThatWaitAreBounded() throws Exception {
        HeldRunner runner = new HeldRunner(1);
        DefaultEmbeddingService service = service(runner, TooLong.REFUSE);
        // One batch, so that the other thread can read the next request.
        Disposable first = service.embed(EmbeddingRequest.of(Collections.nCopies(2, "one two three four five")))
                .subscribe();
        assertThat(runner.begun.await(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThatThrownBy(() -> now(service, EmbeddingRequest.of(Collections.nCopies(3, "one two three four"))))
                .isInstanceOf(QueueFullException.class)
                .hasMessageContaining("14 tokens are waiting");
        runner.open.countDown();
        first.dispose();
    }

    @Test
    void afterTheEndNothingIsTaken() {
        DefaultEmbeddingService service = service();
        service.refuseMore();
        assertThatThrownBy(() -> now(service, EmbeddingRequest.of(List.of("one"))))
                .isInstanceOf(ShuttingDownException.class);
        DefaultEmbeddingService other = service();
        threads.dispose();
        assertThatThrownBy(() -> now(other, EmbeddingRequest.of(List.of("one"))))
                .isInstanceOf(ShuttingDownException.class);
    }

    @Test
    void aRunThatFailsEndsItsRequestOnly() {
        EmbeddingRunner failing = new EmbeddingRunner() {
            @Override
            public float[][] run(int[][] tokenIds) {
                if (tokenIds[0].length == 4) {
                    throw new OutOfMemoryError("in the test");
                }
                return new float[][] {{1, 0, 0, 0}};
            }

            @Override
            public int dimensions() {
                return 4;
            }

            @Override
            public void close() {}
        };
        DefaultEmbeddingService service = service(failing, TooLong.REFUSE);
        assertThatThrownBy(() -> now(service, EmbeddingRequest.of(List.of("one two"))))
                .isInstanceOf(IllegalStateException.class);
        assertThat(now(service, EmbeddingRequest.of(List.of("one"))).vectors()).hasSize(1);
        assertThat(ends.outcomes).containsExactly(Outcome.FAILED, Outcome.SUCCESS);
        assertThat(service.load()).isEqualTo(new EmbeddingLoad(0, 0));
    }
}
