package dev.contexture.session;

import dev.contexture.model.tokenizer.Tokenizer;
import dev.contexture.session.store.SessionRecords;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** Sessions and their turns, over one store. */
public final class SessionService {
    private final Conversations conversations;
    private final Sessions sessions;
    private final SessionTurns turns;
    private final SessionMarks marks;
    private final SessionSettings settings;

    /**
     * What a session service is made of.
     *
     * @param idPrefix that its sessions' ids begin with
     */
    public record Parts(
            InferenceService inference,
            PromptRenderer renderer,
            Tokenizer tokenizer,
            SessionRecords records,
            boolean outlivesProcess,
            SessionSealer sealer,
            TenantNamespaces namespaces,
            SessionKv kv,
            TurnListener listener,
            String replica,
            String idPrefix) {}

    /**
     * @param textThreads where conversations are rendered and tokenised
     * @param timer of leases
     */
    public SessionService(
            Parts parts,
            SessionSettings settings,
            InstantSource clock,
            SecureRandom random,
            Scheduler textThreads,
            Scheduler timer) {
        this.settings = settings;
        SessionVault vault = new SessionVault(
                parts.records, parts.sealer, parts.namespaces, settings.maxRecordBytes(), parts.idPrefix);
        SessionLeases leases = new SessionLeases(parts.records, settings.lease(), parts.replica, timer);
        TokenHistory history = new TokenHistory(parts.tokenizer);
        this.sessions = new Sessions(vault, leases, parts.kv, history, settings, clock, random, parts.idPrefix);
        this.conversations = new Conversations(
                vault,
                new SessionDirectory(vault, parts.kv),
                leases,
                settings,
                clock,
                random,
                Mono.fromSupplier(() -> parts.inference.model().id()),
                new TextThreads(textThreads));
        this.marks = new SessionMarks(vault, leases, parts.kv, clock);
        this.turns = new SessionTurns(new SessionTurns.Parts(
                parts.inference,
                parts.renderer,
                history,
                vault,
                leases,
                parts.kv,
                parts.listener,
                clock,
                parts.replica,
                parts.outlivesProcess,
                textThreads));
    }

    public Sessions sessions() {
        return sessions;
    }

    /** Sessions under names of an application's own. */
    public Conversations conversations() {
        return conversations;
    }

    /** Most that a turn may wait for another of its session. */
    public Duration longestWait() {
        return settings.maxWait();
    }

    /**
     * A session's next turn.
     *
     * @param request whose prompt is a conversation: the new messages, or all with them
     * @return as {@link InferenceService#generate} gives, the last event with the {@link TurnOutcome}; fails with what {@link Sessions}
     *     names, too
     */
    public Flux<GenerationEvent> turn(String id, GenerationRequest request, TurnOptions options) {
        return turn(
                id,
                request,
                TurnMessages.matching(chat(request).messages().stream()
                        .map(SessionMessage::new)
                        .toList()),
                options);
    }

    /**
     * The same with messages that are put together otherwise.
     *
     * @param request whose prompt's tools and template arguments count
     */
    public Flux<GenerationEvent> turn(
            String id, GenerationRequest request, TurnMessages messages, TurnOptions options) {
        return unsalted(request).thenMany(turns.run(id, chat(request), messages, request, options));
    }

    /**
     * The first turn of a session that {@link Sessions} made but did not store: that is done with the turn.
     *
     * @param request whose prompt's tools and template arguments count
     */
    public Flux<GenerationEvent> begin(Session start, GenerationRequest request, TurnMessages messages) {
        return unsalted(request).thenMany(turns.begin(start, chat(request), messages, request, TurnOptions.DEFAULT));
    }

    /** A turn that is not to be kept, as a request by itself: it goes on from what the session has. */
    public Mono<GenerationRequest> aside(Session session, GenerationRequest request, TurnMessages messages) {
        return unsalted(request).then(turns.aside(session, chat(request), messages, request));
    }

    /**
     * Forgets a mark of a session. What lies behind the last one that is left goes, too, and the whole session if none is. A
     * session that is gone already is no error. Fails with {@link SessionBusyException}.
     *
     * @param lives whether what another mark was made for is still there
     * @param longestWait for a turn that runs
     */
    public Mono<Void> unmark(
            String tenant, String id, String mark, Function<String, Mono<Boolean>> lives, Duration longestWait) {
        return marks.remove(tenant, id, mark, lives, longestWait);
    }

    private static Prompt.Chat chat(GenerationRequest request) {
        if (!(request.prompt() instanceof Prompt.Chat chat)) {
            throw new IllegalArgumentException("a session's turn is a conversation");
        }
        return chat;
    }

    private static Mono<Void> unsalted(GenerationRequest request) {
        return request.cacheSalt().isEmpty()
                ? Mono.empty()
                : Mono.error(new InvalidPromptException(
                        "cache_salt and session_id exclude each other: a session's blocks are its own already",
                        "cache_salt"));
    }
}
