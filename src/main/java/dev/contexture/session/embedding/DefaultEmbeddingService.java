package dev.contexture.session.embedding;

import dev.contexture.model.embedding.SentenceVectors;
import dev.contexture.scheduler.QueueFullException;
import dev.contexture.scheduler.ShuttingDownException;
import dev.contexture.session.ContextLengthExceededException;
import dev.contexture.session.InvalidPromptException;
import dev.contexture.session.embedding.EmbeddingListener.Outcome;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * {@link EmbeddingService} over one model and a few threads, each of which computes a batch of its own. A request has at most as many
 * batches in the threads' queue as there are threads: so a small request waits for a large one's batches, not for all of it.
 */
public final class DefaultEmbeddingService implements EmbeddingService {
    private final ModelDescription model;
    private final EmbeddingBounds bounds;
    private final Supplier<LoadedEmbeddingModel> loaded;
    private final EmbeddingAdmission admission;
    private final EmbeddingListener listener;
    private final Scheduler threads;
    private final int threadCount;
    private final LongSupplier nanos;

    /**
     * @param loaded loads the model when it is first asked for; called on {@code threads} only
     * @param threads all that is slow happens there; must queue {@code threadCount} tasks for each request that is let in
     */
    public DefaultEmbeddingService(
            ModelDescription model,
            EmbeddingBounds bounds,
            Supplier<LoadedEmbeddingModel> loaded,
            EmbeddingListener listener,
            Scheduler threads,
            int threadCount,
            LongSupplier nanos) {
        this.model = model;
        this.bounds = bounds;
        this.loaded = loaded;
        this.admission = new EmbeddingAdmission(bounds.maxRequests(), bounds.maxWaitingTokens());
        this.listener = listener;
        this.threads = threads;
        this.threadCount = threadCount;
        this.nanos = nanos;
    }

    @Override
    public ModelDescription model() {
        return model;
    }

    public EmbeddingLoad load() {
        return admission.load();
    }

    /** From now on requests fail with {@link ShuttingDownException}; those that are here go on. */
    public void refuseMore() {
        admission.refuseMore();
    }

    @Override
    public Mono<EmbeddingResult> embed(EmbeddingRequest request) {
        return Mono.defer(() -> {
            Ending ending = new Ending(request.inputs().size(), nanos.getAsLong());
            return Mono.using(
                            admission::enter,
                            ticket -> {
                                requireSupported(request);
                                return embed(request, ticket, ending.arrival);
                            },
                            EmbeddingAdmission.Ticket::close)
                    .doOnSuccess(result -> ending.tell(Outcome.SUCCESS, result == null ? 0 : result.promptTokens()))
                    .doOnError(error -> ending.tell(outcome(error), 0))
                    .doOnCancel(() -> ending.tell(Outcome.CANCELLED, 0));
        });
    }

    /** A request's end is told once: what is still computed when it is cancelled may fail behind that. */
    private final class Ending {
        private final int inputs;
        private final long arrival;
        private final AtomicBoolean told = new AtomicBoolean();

        Ending(int inputs, long arrival) {
            this.inputs = inputs;
            this.arrival = arrival;
        }

        void tell(Outcome outcome, int tokens) {
            if (told.compareAndSet(false, true)) {
                listener.ended(outcome, inputs, tokens, since(arrival));
            }
        }
    }

    private void requireSupported(EmbeddingRequest request) {
        int inputs = request.inputs().size();
        if (inputs < 1 || inputs > bounds.maxInputs()) {
            throw new InvalidPromptException(
                    "a request must have 1 to " + bounds.maxInputs() + " inputs but has " + inputs, "input");
        }
        int dimensions = request.dimensions().orElse(model.dimensions());
        if (dimensions < 1 || dimensions > model.dimensions()) {
            throw new InvalidPromptException(
                    "dimensions must be 1 to " + model.dimensions() + " but is " + dimensions, "dimensions");
        }
    }

    private Mono<EmbeddingResult> embed(EmbeddingRequest request, EmbeddingAdmission.Ticket ticket, long arrival) {
        return onThreads(() -> {
                    listener.started(since(arrival));
                    int[][] sequences = new EmbeddingSequences(loaded.get().tokenizer(), bounds).of(request.inputs());
                    ticket.take(tokens(sequences));
                    return sequences;
                })
                .flatMap(sequences -> vectors(sequences, request.dimensions().orElse(model.dimensions()))
                        .map(vectors -> new EmbeddingResult(vectors, tokens(sequences))));
    }

    private static int tokens(int[][] sequences) {
        return Arrays.stream(sequences).mapToInt(ids -> ids.length).sum();
    }

    private Mono<List<float[]>> vectors(int[][] sequences, int dimensions) {
        int[] lengths = Arrays.stream(sequences).mapToInt(ids -> ids.length).toArray();
        float[][] vectors = new float[sequences.length][];
        return Flux.fromIterable(EmbeddingBatches.of(lengths, bounds.batchTokens(), bounds.batchInputs()))
                .flatMap(
                        batch -> onThreads(() -> {
                            compute(sequences, batch, dimensions, vectors);
                            return batch;
                        }),
                        threadCount)
                .then(Mono.fromSupplier(() -> List.of(vectors)));
    }

    /** Fills the batch's places of {@code vectors}; every batch has its own. */
    private void compute(int[][] sequences, int[] batch, int dimensions, float[][] vectors) {
        long begin = nanos.getAsLong();
        int[][] together = Arrays.stream(batch).mapToObj(i -> sequences[i]).toArray(int[][]::new);
        float[][] computed = loaded.get().runner().run(together);
        for (int i = 0; i < batch.length; i++) {
            vectors[batch[i]] = SentenceVectors.shortened(computed[i], dimensions);
        }
        int longest = Arrays.stream(together).mapToInt(ids -> ids.length).max().orElse(0);
        listener.ran(batch.length, batch.length * longest, since(begin));
    }

    private <T> Mono<T> onThreads(Callable<T> work) {
        return Mono.fromCallable(() -> answered(work))
                .subscribeOn(threads)
                .onErrorMap(RejectedExecutionException.class, e -> refused());
    }

    private RuntimeException refused() {
        return admission.isClosed() || threads.isDisposed()
                ? new ShuttingDownException()
                : EmbeddingAdmission.full("the queue of the embedding threads is full");
    }

    /** Reactor lets an Error end the thread without a word to the subscriber. */
    private static <T> T answered(Callable<T> work) throws Exception {
        try {
            return work.call();
        } catch (StackOverflowError | OutOfMemoryError | LinkageError e) {
            throw new IllegalStateException("the texts could not be embedded: " + e, e);
        }
    }

    private long since(long begin) {
        return nanos.getAsLong() - begin;
    }

    private static Outcome outcome(Throwable error) {
        return switch (error) {
            case InvalidPromptException invalid -> Outcome.REFUSED;
            case ContextLengthExceededException tooLong -> Outcome.REFUSED;
            case QueueFullException full -> Outcome.REFUSED;
            case ShuttingDownException down -> Outcome.REFUSED;
            default -> Outcome.FAILED;
        };
    }
}
