package dev.contexture.session;

import dev.contexture.core.FinishReason;
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
     * @param request whose prompt has the new messages, or the whole conversation with them
     */
    Flux<GenerationEvent> run(String id, Prompt.Chat chat, GenerationRequest request, TurnOptions options) {
        return Flux.defer(() -> {
            Key key = vault.key(request.tenant(), id);
            // A slow reader must not hold the session: its events wait here, as many as its token limit allows.
            return Flux.usingWhen(
                            right(key, options).map(Attempt::new),
                            attempt -> begin(key, attempt, request.tenant(), chat)
                                    .flatMapMany(turn -> answer(turn, request)),
                            attempt -> release(attempt.lease),
                            (attempt, error) -> rolledBack(attempt, error),
                            attempt -> cancelled(attempt, options))
                    .onBackpressureBuffer();
        });
    }

    /** The right to a session, and the turn that it is used for once that is prepared. */
    private static final class Attempt {
        private final Optional<Lease> lease;
        private volatile Optional<Turn> turn = Optional.empty();

        private Attempt(Optional<Lease> lease) {
            this.lease = lease;
        }
    }

    private Mono<Turn> begin(Key key, Attempt attempt, String tenant, Prompt.Chat chat) {
        return vault.find(key)
                .flatMap(session -> prepare(tenant, attempt.lease, session, chat))
                .takeUntilOther(kept(attempt.lease))
                .doOnNext(turn -> attempt.turn = Optional.of(turn));
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

    private Mono<Void> release(Optional<Lease> lease) {
        return lease.map(leases::release).orElse(Mono.empty());
    }

    /** A turn while it runs; its answer grows on one thread at a time. */
    private static final class Turn {
        private final String tenant;
        private final Optional<Lease> lease;
        private final Session session;
        private final List<SessionMessage> messages;
        private final int matchedMessages;
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
                Optional<Lease> lease,
                Session session,
                List<SessionMessage> messages,
                int matchedMessages,
                TokenHistory.Extended prompt,
                AnswerForm form) {
            this.tenant = tenant;
            this.lease = lease;
            this.session = session;
            this.messages = messages;
            this.matchedMessages = matchedMessages;
            this.prompt = prompt;
            this.form = form;
        }

        private synchronized void take(GenerationEvent event) {
            switch (event) {
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

    private Mono<Turn> prepare(String tenant, Optional<Lease> lease, Session session, Prompt.Chat chat) {
        return textThreads.call(() -> {
            ConversationMatch match = ConversationMatch.of(
                    session.messages(),
                    chat.messages().stream().map(SessionMessage::new).toList());
            Prompt.Chat whole = new Prompt.Chat(
                    match.messages().stream().map(SessionMessage::fields).toList(),
                    chat.tools(),
                    chat.templateArguments());
            WrittenPrompt written = renderer.render(whole);
            TokenHistory.Extended prompt = history.extend(session.tokens(), written.text());
            vault.requireRoom(session.advanced(match.messages(), prompt.tokens(), clock.instant(), replica));
            return new Turn(tenant, lease, session, match.messages(), match.known(), prompt, written.answer());
        });
    }

    private Flux<GenerationEvent> answer(Turn turn, GenerationRequest request) {
        GenerationRequest ofSession = request.inSession(
                new Prompt.Encoded(turn.prompt.tokens(), turn.form),
                new SessionUse(turn.session.id(), turn.session.lineage(), turn.prompt.kept()));
        listener.began();
        if (turn.session.pinned()) {
            // Another process may have been told.
            kv.pin(turn.tenant, turn.session).onErrorComplete().subscribe();
        }
        return inference
                .generate(ofSession)
                .takeUntilOther(kept(turn.lease))
                .doOnNext(turn::take)
                .filter(event -> !(event instanceof Drawn))
                .concatMap(event -> event instanceof Completed completed
                        ? write(turn).map(outcome ->
                                (GenerationEvent) new Completed(completed.usage(), Optional.of(outcome)))
                        : Mono.just(event));
    }

    /** The turn becomes part of the session, or stays out of it as a whole. */
    private Mono<TurnOutcome> write(Turn turn) {
        if (turn.reason == FinishReason.CANCELLED || turn.lease.isEmpty()) {
            listener.ended(turn.lease.isEmpty() ? TurnEnd.NOT_WRITTEN : TurnEnd.FAILED);
            turn.settled = true;
            return Mono.just(outcome(turn, turn.session, false, false));
        }
        Session next = advanced(turn);
        Lease lease = turn.lease.get();
        return Mono.defer(() -> vault.replace(lease, next))
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
        List<SessionMessage> messages = new ArrayList<>(turn.messages);
        messages.add(message);
        return turn.session.advanced(messages, tokens, clock.instant(), replica);
    }

    private static TurnOutcome outcome(Turn turn, Session session, boolean committed, boolean persisted) {
        return new TurnOutcome(
                session.id(), session.turns(), session.tokenCount(), turn.matchedMessages, committed, persisted);
    }

    private Mono<Void> rolledBack(Attempt attempt, Throwable error) {
        attempt.turn
                .filter(turn -> !turn.settled)
                .ifPresent(turn -> listener.ended(
                        error instanceof SessionTakenOverException ? TurnEnd.TAKEN_OVER : TurnEnd.FAILED));
        return release(attempt.lease);
    }

    private Mono<Void> cancelled(Attempt attempt, TurnOptions options) {
        return attempt.turn
                .map(turn -> cancelled(turn, options))
                .orElse(Mono.empty())
                .then(release(attempt.lease));
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
        if (!keep || !something || turn.lease.isEmpty()) {
            listener.ended(TurnEnd.ROLLED_BACK);
            return Mono.empty();
        }
        Lease lease = turn.lease.get();
        return textThreads
                .call(() -> vault.replace(lease, advanced(turn)))
                .flatMap(written -> written)
                .doOnSuccess(session -> listener.ended(TurnEnd.KEPT))
                .doOnError(e -> listener.ended(TurnEnd.NOT_WRITTEN))
                .onErrorComplete()
                .then();
    }
}
