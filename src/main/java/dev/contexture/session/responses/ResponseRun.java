package dev.contexture.session.responses;

import dev.contexture.core.FinishReason;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.GenerationEvent.Begun;
import dev.contexture.session.GenerationEvent.Completed;
import dev.contexture.session.GenerationEvent.Delta;
import dev.contexture.session.GenerationEvent.Drawn;
import dev.contexture.session.GenerationEvent.Finished;
import dev.contexture.session.GenerationEvent.Part;
import dev.contexture.session.responses.Response.ConversationPart;
import dev.contexture.session.responses.Response.TokenCounts;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** One response while it is made; it grows on one thread at a time, and may be asked about and cancelled by any. */
final class ResponseRun {
    private final ResponseRequest request;
    private final String id;
    private final Instant created;
    private final Sinks.Empty<Void> cancelAsked = Sinks.empty();
    private final Sinks.One<Response> end = Sinks.one();
    private final OutputItems output;
    private FinishReason reason = FinishReason.CANCELLED;
    private Optional<Completed> completed = Optional.empty();
    private Optional<String> conversation = Optional.empty();
    /** That the conversation had at the response that this one goes on from, if it is the same conversation. */
    private int earlierTokens;

    private volatile boolean started;
    private volatile boolean cancelled;
    private volatile boolean finished;
    private final AtomicReference<Phase> phase = new AtomicReference<>(Phase.NEW);

    private enum Phase {
        NEW,
        /** It can be asked for. */
        ENTERED,
        /** Its end is being kept, or its client has left: one of the two. */
        CONCLUDED
    }

    /**
     * @param ids 24 hexadecimal digits, never the same
     */
    ResponseRun(ResponseRequest request, String id, Supplier<String> ids, Instant created) {
        this.request = request;
        this.id = id;
        this.output = new OutputItems(ids);
        this.created = created;
    }

    ResponseRequest request() {
        return request;
    }

    String id() {
        return id;
    }

    /**
     * @param earlier tokens that it has already
     */
    void becomesPartOf(String conversationId, int earlier) {
        conversation = Optional.of(conversationId);
        earlierTokens = earlier;
    }

    /** What is heard of it. */
    List<ResponseEvent> take(GenerationEvent event) {
        return switch (event) {
            case Delta delta -> output.take(delta);
            case Part part -> output.take(part);
            case Begun begun -> List.of();
            case Drawn drawn -> List.of();
            case Finished done -> {
                reason = done.reason();
                finished = true;
                yield List.of();
            }
            case Completed last -> {
                completed = Optional.of(last);
                yield List.of();
            }
        };
    }

    /**
     * @return whether it had not started before
     */
    boolean start() {
        boolean first = !started;
        started = true;
        return first;
    }

    boolean hasStarted() {
        return started;
    }

    Mono<Void> cancelAsked() {
        return cancelAsked.asMono();
    }

    boolean isCancelled() {
        return cancelled;
    }

    /** Ends it within one step; gives what it has become then, or nothing if its client went away. */
    Mono<Response> cancel() {
        cancelled = true;
        cancelAsked.tryEmitEmpty();
        return end.asMono();
    }

    Optional<Completed> completed() {
        return completed;
    }

    FinishReason reason() {
        return reason;
    }

    /** Whether it was not entered before. */
    boolean enter() {
        return phase.compareAndSet(Phase.NEW, Phase.ENTERED);
    }

    /** Whether it is now up to the caller to keep its end. */
    boolean conclude() {
        return phase.compareAndSet(Phase.ENTERED, Phase.CONCLUDED);
    }

    /** Whether it was entered and will have no end. */
    boolean abandon() {
        return phase.getAndSet(Phase.CONCLUDED) == Phase.ENTERED;
    }

    boolean isConcluded() {
        return phase.get() == Phase.CONCLUDED;
    }

    /** The conversation that may have it as its last turn by now. */
    Optional<String> perhapsWritten() {
        return finished && request.store() ? conversation : Optional.empty();
    }

    void ended(Response response) {
        end.tryEmitValue(response);
    }

    /** Nothing more comes. */
    void left() {
        end.tryEmitEmpty();
    }

    Response inProgress() {
        return response(ResponseStatus.IN_PROGRESS, Optional.empty(), List.of(), Optional.empty());
    }

    /**
     * As it has ended.
     *
     * @param error of one that failed
     */
    Response ended(ResponseStatus status, Instant now, Optional<ResponseError> error) {
        boolean whole = status == ResponseStatus.COMPLETED;
        List<ResponseItem> items = output.items(whole);
        return response(
                status, Optional.of(now), items.isEmpty() && status.goesOn() ? output.nothing(whole) : items, error);
    }

    private Response response(
            ResponseStatus status, Optional<Instant> ended, List<ResponseItem> items, Optional<ResponseError> error) {
        return new Response(
                id,
                request.model(),
                created,
                ended,
                status,
                error,
                request.settings(),
                request.input(),
                items,
                completed
                        .map(Completed::usage)
                        .map(usage -> new TokenCounts(
                                usage.promptTokens(),
                                usage.cachedTokens(),
                                usage.completionTokens(),
                                usage.reasoningTokens())),
                request.previous(),
                request.session(),
                conversation.map(part -> new ConversationPart(part, addedTokens())),
                request.store());
    }

    private int addedTokens() {
        return completed
                .flatMap(Completed::turn)
                .map(turn -> Math.max(0, turn.tokens() - earlierTokens))
                .orElse(0);
    }
}
