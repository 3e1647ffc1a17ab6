package dev.contexture.session;

import dev.contexture.session.store.SessionRecords.Key;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Conversations as resources. All of it belongs to the tenant that made it: another's ids are not found. Errors:
 * {@link SessionNotFoundException}, {@link SessionBusyException}, {@link DamagedSessionException}, and the store's
 * {@code SessionStoreUnavailableException}.
 */
public final class Sessions {
    private static final int ID_BYTES = 12;
    private static final int LINEAGE_BYTES = 16;
    private static final int ERASED_AT_ONCE = 200;
    private static final int MOST_ERASURES = 10_000;

    private final SessionDirectory directory;
    private final SessionVault vault;
    private final SessionLeases leases;
    private final SessionKv kv;
    private final TokenHistory history;
    private final SessionSettings settings;
    private final InstantSource clock;
    private final SecureRandom random;
    private final String idPrefix;

    Sessions(
            SessionVault vault,
            SessionLeases leases,
            SessionKv kv,
            TokenHistory history,
            SessionSettings settings,
            InstantSource clock,
            SecureRandom random,
            String idPrefix) {
        this.directory = new SessionDirectory(vault, kv);
        this.vault = vault;
        this.leases = leases;
        this.kv = kv;
        this.history = history;
        this.settings = settings;
        this.clock = clock;
        this.random = random;
        this.idPrefix = idPrefix;
    }

    /**
     * What a new session is to be.
     *
     * @param system first message; absent for none
     */
    public record Asked(
            String model, Optional<Duration> timeToLive, Map<String, String> metadata, Optional<String> system) {}

    /**
     * Sessions by ascending id.
     *
     * @param lastId where the next page begins; empty if the page is. One that cannot be read is left out, but counts here.
     */
    public record Page(List<Session> sessions, String lastId, boolean hasMore) {}

    /**
     * A block of a session.
     *
     * @param begin first token
     * @param end behind its last
     * @param beginChar first character of its text in that of the whole session
     */
    public record Block(int begin, int end, int beginChar, int endChar, List<String> tiers, OptionalDouble lastScore) {}

    /**
     * What became of all that a tenant had.
     *
     * @param keyErased whether nothing that was stored of it can be read any more, wherever copies of it lie
     */
    public record Erased(int sessions, boolean keyErased) {}

    /**
     * @throws IllegalArgumentException if the time to live or the metadata are out of bounds
     */
    public Mono<Session> create(String tenant, Asked asked) {
        Instant now = clock.instant();
        Duration timeToLive = asked.timeToLive.orElse(settings.defaultTimeToLive());
        if (timeToLive.compareTo(settings.maxTimeToLive()) > 0) {
            throw new IllegalArgumentException("ttl_seconds must be at most "
                    + settings.maxTimeToLive().toSeconds() + " but is " + timeToLive.toSeconds());
        }
        List<SessionMessage> messages = asked.system
                .map(text -> List.of(SessionMessage.of("system", text)))
                .orElse(List.of());
        return vault.create(tenant, session(asked, timeToLive, messages, now));
    }

    private Session session(Asked asked, Duration timeToLive, List<SessionMessage> messages, Instant now) {
        return new Session(
                newId(),
                hex(LINEAGE_BYTES),
                asked.model,
                now,
                now,
                timeToLive,
                false,
                asked.metadata,
                0,
                messages,
                new int[0],
                "",
                List.of());
    }

    /** One that nothing was said in, and that is not stored before its first turn. */
    public Session blank(String model) {
        Asked asked = new Asked(model, Optional.empty(), Map.of(), Optional.empty());
        return session(asked, settings.defaultTimeToLive(), List.of(), clock.instant());
    }

    /** What was said up to a mark, as another conversation, which is not stored before its first turn. */
    public Session forkedAt(Session session, Session.Mark mark) {
        return session.forkedAt(mark, newId(), clock.instant());
    }

    private String newId() {
        return idPrefix + "_" + hex(ID_BYTES);
    }

    private String hex(int bytes) {
        byte[] drawn = new byte[bytes];
        random.nextBytes(drawn);
        return HexFormat.of().formatHex(drawn);
    }

    public Mono<Session> find(String tenant, String id) {
        return directory.find(tenant, id);
    }

    /**
     * @param after the last id of the page before; empty for the first page
     * @param limit 1 to 100
     */
    public Mono<Page> list(String tenant, String after, int limit) {
        return directory
                .list(tenant, after, limit, Optional::of)
                .map(page -> new Page(page.found(), page.lastId(), page.hasMore()));
    }

    /**
     * Removes stored blocks, then the text, so that one that fails half way can be repeated; a turn that runs cannot be written any
     * more.
     */
    public Mono<Void> delete(String tenant, String id) {
        return directory.delete(tenant, id);
    }

    /** Removes all sessions of a tenant, and the key that everything stored of it is sealed under. */
    public Mono<Erased> eraseAll(String tenant) {
        return vault.list(tenant, "", ERASED_AT_ONCE)
                .flatMap(ids -> Flux.fromIterable(ids)
                        .concatMap(id -> kv.forget(tenant, id).then(vault.delete(vault.key(tenant, id))))
                        .then(Mono.just(ids.size())))
                .repeat(MOST_ERASURES)
                .takeUntil(count -> count == 0)
                .reduce(0, Integer::sum)
                .flatMap(count -> kv.eraseTenant(tenant).map(gone -> new Erased(count, gone)));
    }

    /** A copy that goes on by itself. Its blocks are not copied: both use them, and what was shared goes with the first of them. */
    public Mono<Session> fork(String tenant, String id, Map<String, String> metadata) {
        return find(tenant, id)
                .flatMap(session -> vault.create(tenant, session.forked(newId(), metadata, clock.instant())));
    }

    /** Keeps a session's blocks in host memory, as far as pinned ones may take it. */
    public Mono<Session> pin(String tenant, String id, boolean pinned) {
        return Mono.defer(() -> {
            Key key = vault.key(tenant, id);
            return Mono.usingWhen(
                            leases.acquire(key, Duration.ZERO),
                            lease -> vault.find(key).flatMap(session -> vault.replace(lease, session.pinned(pinned))),
                            leases::release)
                    .flatMap(session -> kv.pin(tenant, session).thenReturn(session));
        });
    }

    /** What the session has stored, by tier. */
    public Mono<Map<String, SessionKv.TierUsage>> usage(String tenant, Session session) {
        return kv.usage(tenant, session);
    }

    public Mono<List<Block>> blocks(String tenant, String id) {
        return find(tenant, id).flatMap(session -> {
            int[] tokens = session.tokens();
            int[] ends = history.ends(tokens);
            return kv.blocks(tenant, session)
                    .map(blocks -> blocks.stream()
                            .map(block -> new Block(
                                    block.begin(),
                                    block.end(),
                                    block.begin() == 0 ? 0 : ends[block.begin() - 1],
                                    ends[block.end() - 1],
                                    block.tiers(),
                                    block.lastScore()))
                            .toList());
        });
    }
}
