package dev.contexture.session;

import dev.contexture.model.tokenizer.Tokenizer;
import dev.contexture.session.store.SessionRecords;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;

/** Sessions and their turns, over one store. */
public final class SessionService {
    private final Sessions sessions;
    private final SessionTurns turns;
    private final SessionSettings settings;

    /** What a session service is made of. */
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
            String replica) {}

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
        SessionVault vault = new SessionVault(parts.records, parts.sealer, parts.namespaces, settings.maxRecordBytes());
        SessionLeases leases = new SessionLeases(parts.records, settings.lease(), parts.replica, timer);
        TokenHistory history = new TokenHistory(parts.tokenizer);
        this.sessions = new Sessions(vault, leases, parts.kv, history, settings, clock, random);
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
        if (!(request.prompt() instanceof Prompt.Chat chat)) {
            throw new IllegalArgumentException("a session's turn is a conversation");
        }
        if (!request.cacheSalt().isEmpty()) {
            return Flux.error(new InvalidPromptException(
                    "cache_salt and session_id exclude each other: a session's blocks are its own already",
                    "cache_salt"));
        }
        return turns.run(id, chat, request, options);
    }
}
