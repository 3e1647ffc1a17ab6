package dev.contexture.session;

import dev.contexture.core.FinishReason;
import dev.contexture.session.GenerationEvent.Begun;
import dev.contexture.session.GenerationEvent.Completed;
import dev.contexture.session.GenerationEvent.Delta;
import dev.contexture.session.GenerationEvent.Drawn;
import dev.contexture.session.GenerationEvent.Finished;
import dev.contexture.session.GenerationEvent.Part;
import dev.contexture.session.TurnListener.TurnEnd;
import dev.contexture.session.dialect.AnswerForm;
import dev.contexture.session.dialect.WrittenPrompt;
import dev.contexture.session.store.SessionRecords.Key;
import dev.contexture.session.store.SessionRecords.Lease;
import dev.contexture.session.store.SessionStoreUnavailableException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.util.retry.Retry;

/**
 * Turns of sessions: takes the right to the session, lets the model answer, and writes the whole turn at once, or nothing of
 * it. So a crash at any time, a lost lease or a client that went away leaves the session at its last complete turn.
 */
final class SessionTurns {
    private static final int WRITE_RETRIES = 3;
    private static final Duration WRITE_PAUSE = Duration.ofMillis(200);

    private final InferenceService inference;
    private final PromptRenderer renderer;
    private final TokenHistory history;
    private final SessionVault vault;
    private final SessionLeases leases;
    private final SessionKv kv;
    private final TurnListener listener;
    private final InstantSource clock;
    private final String replica;
    private final boolean outlivesProcess;
    private final TextThreads textThreads;

    /** What all turns work with. */
    record Parts(
            InferenceService inference,
            PromptRenderer renderer,
            TokenHistory history,
            SessionVault vault,
            SessionLeases leases,
            SessionKv kv,
            TurnListener listener,
            InstantSource clock,
            String replica,
            boolean outlivesProcess,
            Scheduler textThreads) {}

    SessionTurns(Parts parts) {
        this.inference = parts.inference;
        this.renderer = parts.renderer;
        this.history = parts.history;
        this.vault = parts.vault;
        this.leases = parts.leases;
        this.kv = parts.kv;
        this.listener = parts.listener;
        this.clock = parts.clock;
        this.replica = parts.replica;
        this.outlivesProcess = parts.outlivesProcess;
        this.textThreads = new TextThreads(parts.textThreads);
    }

    /**
     * @param chat whose tools and template arguments count; its messages are what is new
     */
    Flux<GenerationEvent> run(
            String id, Prompt.Chat chat, TurnMessages messages, GenerationRequest request, TurnOptions options) {
        return Flux.defer(() -> {
            Key key = vault.key(request.tenant(), id);
            return run(
                    right(key, options).map(Attempt::new),
                    attempt -> vault.find(key)
                            .flatMap(session -> prepare(request.tenant(), attempt, session, chat, messages))
                            .takeUntilOther(kept(attempt.lease)),
                    request,
                    options);
        });
    }

    /**
     * The first turn of a session, which is stored with it.
     *
     * @param start under an id that nobody else knows yet
     */
    Flux<GenerationEvent> begin(
            Session start, Prompt.Chat chat, TurnMessages messages, GenerationRequest request, TurnOptions options) {
        return run(
                Mono.fromSupplier(Attempt::first),
                attempt -> prepare(request.tenant(), attempt, start, chat, messages),
                request,
                options);
    }

    private Flux<GenerationEvent> run(
            Mono<Attempt> right,
            Function<Attempt, Mono<Turn>> prepared,
            GenerationRequest request,
            TurnOptions options) {
        // A slow reader must not hold the session: its events wait here, as many as its token limit allows.
        return Flux.usingWhen(
                        right,
                        attempt -> prepared.apply(attempt)
                                .doOnNext(turn -> attempt.turn = Optional.of(turn))
                                .flatMapMany(turn -> answer(turn, request)),
                        this::release,
                        (attempt, error) -> rolledBack(attempt, error),
                        attempt -> cancelled(attempt, options))
                .onBackpressureBuffer();
    }

    /** What a turn that is not to be kept would ask the model. */
    Mono<GenerationRequest> aside(Session session, Prompt.Chat chat, TurnMessages messages, GenerationRequest request) {
        return textThreads.call(() -> {
            WrittenPrompt written =
                    renderer.render(conversation(chat, messages.of(session).read()));
            TokenHistory.Extended prompt = history.extend(session.tokens(), written.text());
            return ofSession(session, prompt, written.answer(), request);
        });
    }

    /** The right to a session, and the turn that it is used for once that is prepared. */
    private static final class Attempt {
        private final Optional<Lease> lease;
        /** Whether the turn brings its session with it: nobody else knows of that, so there is nothing to hold. */
        private final boolean isFirst;

        private final AtomicBoolean released = new AtomicBoolean();
        private volatile Optional<Turn> turn = Optional.empty();

        private Attempt(Optional<Lease> lease, boolean isFirst) {
            this.lease = lease;
            this.isFirst = isFirst;
        }

        private Attempt(Optional<Lease> lease) {
            this(lease, false);
        }

        private static Attempt first() {
            return new Attempt(Optional.empty(), true);
        }

        private boolean mayWrite() {
            return isFirst || lease.isPresent();
        }
    }

    private Mono<Void> kept(Optional<Lease> lease) {
        return lease.map(leases::keep).orElse(Mono.never());
    }

    /** Empty where the store can be read but not written, being full: the turn is answered, and will not be kept. */
    private Mono<Optional<Lease>> right(Key key, TurnOptions options) {
        return leases.acquire(key, options.longestWait())
                .map(Optional::of)
                .doOnError(SessionBusyException.class, e -> listener.ended(TurnEnd.BUSY))
                .onErrorReturn(SessionStoreUnavailableException.class, Optional.empty());
    }

    /** Once: who asks again has nothing to wait for. */
    private Mono<Void> release(Attempt attempt) {
        return Mono.defer(() -> attempt.released.compareAndSet(false, true)
                ? attempt.lease.map(leases::release).orElse(Mono.empty())
                : Mono.empty());
    }

    /** A turn while it runs; its answer grows on one thread at a time. */
    private static final class Turn {
        private final String tenant;
        private final Attempt attempt;
        private final Session session;
        private final TurnMessages.Messages messages;
        private final TokenHistory.Extended prompt;
        private final AnswerForm form;
        private final SpokenAnswer spoken = new SpokenAnswer();
        private final StringBuilder text = new StringBuilder();
        private final List<Integer> drawn = new ArrayList<>();
        private FinishReason reason = FinishReason.CANCELLED;
        /** Whether it was said what became of it. */
        private boolean settled;

        private Turn(
                String tenant,
                Attempt attempt,
                Session session,
                TurnMessages.Messages messages,
                TokenHistory.Extended prompt,
                AnswerForm form) {
            this.tenant = tenant;
            this.attempt = attempt;
            this.session = session;
            this.messages = messages;
            this.prompt = prompt;
            this.form = form;
        }

        private synchronized void take(GenerationEvent event) {
            switch (event) {
                case Begun begun -> {}
                case Drawn more -> {
                    text.append(more.text());
                    drawn.addAll(more.tokenIds());
                }
                case Delta delta -> spoken.take(delta);
                case Part part -> spoken.take(part);
                case Finished finished -> reason = finished.reason();
                case Completed completed -> {}
            }
        }
    }

    private Mono<Turn> prepare(
            String tenant, Attempt attempt, Session session, Prompt.Chat chat, TurnMessages messages) {
        return textThreads.call(() -> {
            TurnMessages.Messages ofTurn = messages.of(session);
            WrittenPrompt written = renderer.render(conversation(chat, ofTurn.read()));
            TokenHistory.Extended prompt = history.extend(session.tokens(), written.text());
            vault.requireRoom(session.advanced(
                    ofTurn.kept(), prompt.tokens(), prompt.kept(), ofTurn.mark(), clock.instant(), replica));
            return new Turn(tenant, attempt, session, ofTurn, prompt, written.answer());
        });
    }

    private static Prompt.Chat conversation(Prompt.Chat chat, List<SessionMessage> messages) {
        return new Prompt.Chat(
                messages.stream().map(SessionMessage::fields).toList(), chat.tools(), chat.templateArguments());
    }

    private static GenerationRequest ofSession(
            Session session, TokenHistory.Extended prompt, AnswerForm form, GenerationRequest request) {
        return request.inSession(
                new Prompt.Encoded(prompt.tokens(), form),
                new SessionUse(session.id(), session.lineage(), prompt.kept()));
    }

    private Flux<GenerationEvent> answer(Turn turn, GenerationRequest request) {
        GenerationRequest ofSession = ofSession(turn.session, turn.prompt, turn.form, request);
        listener.began();
        if (turn.session.pinned()) {
            // Another process may have been told.
            kv.pin(turn.tenant, turn.session).onErrorComplete().subscribe();
        }
        return inference
                .generate(ofSession)
                .takeUntilOther(kept(turn.attempt.lease))
                .doOnNext(turn::take)
                .filter(event -> !(event instanceof Drawn))
                .concatMap(event -> event instanceof Completed completed
                        ? write(turn)
                                // Who has the whole answer may ask the next at once.
                                .flatMap(outcome -> release(turn.attempt).thenReturn(outcome))
                                .map(outcome ->
                                        (GenerationEvent) new Completed(completed.usage(), Optional.of(outcome)))
                        : Mono.just(event));
    }

    /** The turn becomes part of the session, or stays out of it as a whole. */
    private Mono<TurnOutcome> write(Turn turn) {
        if (turn.reason == FinishReason.CANCELLED || !turn.attempt.mayWrite()) {
            listener.ended(turn.attempt.mayWrite() ? TurnEnd.FAILED : TurnEnd.NOT_WRITTEN);
            turn.settled = true;
            return Mono.just(outcome(turn, turn.session, false, false));
        }
        Session next = advanced(turn);
        return Mono.defer(() -> written(turn, next))
                .retryWhen(Retry.backoff(WRITE_RETRIES, WRITE_PAUSE)
                        .filter(SessionStoreUnavailableException.class::isInstance)
                        .onRetryExhaustedThrow((retry, signal) -> signal.failure()))
                .flatMap(session -> {
                    turn.settled = true;
                    kv.renew(turn.tenant, session).onErrorComplete().subscribe();
                    return kv.persisted(turn.tenant, session).onErrorReturn(false);
                })
                .map(kvPersisted -> {
                    listener.ended(TurnEnd.COMMITTED);
                    return outcome(turn, next, true, outlivesProcess && kvPersisted);
                })
                .onErrorResume(SessionTurns::isNotKept, e -> {
                    listener.ended(TurnEnd.NOT_WRITTEN);
                    turn.settled = true;
                    return Mono.just(outcome(turn, turn.session, false, false));
                });
    }

    private Mono<Session> written(Turn turn, Session next) {
        return turn.attempt
                .lease
                .map(lease -> vault.replace(lease, next))
                .orElseGet(() -> vault.begin(vault.key(turn.tenant, next.id()), next));
    }

    /** The store is away, or the answer was more than a session may have: it is given all the same, and said not to be kept. */
    private static boolean isNotKept(Throwable e) {
        return e instanceof SessionStoreUnavailableException || e instanceof InvalidPromptException;
    }

    private Session advanced(Turn turn) {
        String text;
        int[] drawn;
        SessionMessage message;
        synchronized (turn) {
            text = turn.text.toString();
            message = turn.spoken.message();
            drawn = turn.drawn.stream().mapToInt(Integer::intValue).toArray();
        }
        int[] answer = history.ofText(drawn, text);
        int[] prompt = turn.prompt.tokens();
        int[] tokens = Arrays.copyOf(prompt, prompt.length + answer.length);
        System.arraycopy(answer, 0, tokens, prompt.length, answer.length);
        List<SessionMessage> messages = new ArrayList<>(turn.messages.kept());
        messages.add(message);
        return turn.session.advanced(
                messages, tokens, turn.prompt.kept(), turn.messages.mark(), clock.instant(), replica);
    }

    private static TurnOutcome outcome(Turn turn, Session session, boolean committed, boolean persisted) {
        return new TurnOutcome(
                session.id(), session.turns(), session.tokenCount(), turn.messages.known(), committed, persisted);
    }

    private Mono<Void> rolledBack(Attempt attempt, Throwable error) {
        attempt.turn
                .filter(turn -> !turn.settled)
                .ifPresent(turn -> listener.ended(
                        error instanceof SessionTakenOverException ? TurnEnd.TAKEN_OVER : TurnEnd.FAILED));
        return release(attempt);
    }

    private Mono<Void> cancelled(Attempt attempt, TurnOptions options) {
        return attempt.turn
                .map(turn -> cancelled(turn, options))
                .orElse(Mono.empty())
                .then(release(attempt));
    }

    private Mono<Void> cancelled(Turn turn, TurnOptions options) {
        boolean keep = options.onDisconnect() == TurnOptions.OnDisconnect.KEEP;
        boolean something;
        synchronized (turn) {
            something = !turn.spoken.isEmpty();
        }
        if (turn.settled) {
            return Mono.empty();
        }
        if (!keep || !something || !turn.attempt.mayWrite()) {
            listener.ended(TurnEnd.ROLLED_BACK);
            return Mono.empty();
        }
        return textThreads
                .call(() -> written(turn, advanced(turn)))
                .flatMap(written -> written)
                .doOnSuccess(session -> listener.ended(TurnEnd.KEPT))
                .doOnError(e -> listener.ended(TurnEnd.NOT_WRITTEN))
                .onErrorComplete()
                .then();
    }
}
