package dev.contexture.session;

import dev.contexture.scheduler.QueueFullException;
import dev.contexture.session.store.SessionRecords.Key;
import dev.contexture.session.store.SessionRecords.Lease;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

/**
 * Conversations under names that an application gives them. Each is a session: what its turns say is what is remembered, and what was computed of them is used
 * again, though the application keeps its memory in its own way, by writing the whole of it now and then.
 *
 * <p>Such an application writes a question before it is asked and the answer once it has come, so a session may end with something
 * that waits for its answer, and an answer that its turn wrote already is not written twice.
 *
 * <p>Fails as {@link Sessions} does.
 */
public final class Conversations {
    private static final String NAME = "conversation";
    /** In a session's metadata: whether the system's message is part of what the application wrote, not of a prompt. */
    private static final String SYSTEM_WRITTEN = "conversation_system";

    private static final int ID_BYTES = 12;
    private static final int LINEAGE_BYTES = 16;
    private static final int MOST_NAME_CHARS = 512;
    private static final int PAGE = 100;
    private static final int MOST_PAGES = 100;
    /** At once, each with what it writes. */
    private static final int MOST_WRITES = 64;

    static final int MOST_WRITES_OF_TENANT = 16;

    private static final Duration RETRY_AFTER_MOST_WRITES = Duration.ofSeconds(1);

    private final SessionVault vault;
    private final SessionDirectory directory;
    private final SessionLeases leases;
    private final SessionSettings settings;
    private final InstantSource clock;
    private final SecureRandom random;
    private final Mono<String> model;
    private final TextThreads textThreads;
    private final PendingWrites writes = new PendingWrites(MOST_WRITES, MOST_WRITES_OF_TENANT);

    /**
     * A conversation, and the session that it is.
     *
     * @param sessionId as {@link #sessionId} makes it of the name
     */
    public record Named(String sessionId, String name) {}

    /**
     * Conversations by ascending id of their sessions.
     *
     * @param lastId of a session, where the next page begins; empty if there is none
     */
    public record Page(List<Named> conversations, String lastId, boolean hasMore) {}

    /**
     * @param model that new conversations are for
     * @param textThreads where they are read and put together
     */
    Conversations(
            SessionVault vault,
            SessionDirectory directory,
            SessionLeases leases,
            SessionSettings settings,
            InstantSource clock,
            SecureRandom random,
            Mono<String> model,
            TextThreads textThreads) {
        this.vault = vault;
        this.directory = directory;
        this.leases = leases;
        this.settings = settings;
        this.clock = clock;
        this.random = random;
        this.model = model;
        this.textThreads = textThreads;
    }

    /**
     * The session that a conversation is, which turns name.
     *
     * @param name 1 to 512 characters, whatever they are: no name stands for a session that it was not made for
     */
    public static String sessionId(String name) {
        requireName(name);
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
            return "ses_" + HexFormat.of().formatHex(digest, 0, ID_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /**
     * @throws IllegalArgumentException if it is blank or longer than 512 characters
     */
    public static void requireName(String name) {
        if (!isName(name)) {
            throw new IllegalArgumentException("conversation must be an id of 1 to " + MOST_NAME_CHARS
                    + " characters but has " + name.length() + (name.isBlank() ? ", all blank" : ""));
        }
    }

    private static boolean isName(String name) {
        return !name.isBlank() && name.length() <= MOST_NAME_CHARS;
    }

    /** What was said, without a system's message that came with prompts; nothing of one that there is not. */
    public Mono<List<SessionMessage>> messages(String tenant, String name) {
        return Mono.defer(() -> vault.find(vault.key(tenant, sessionId(name)), textThreads))
                .map(session -> {
                    List<SessionMessage> messages = session.messages();
                    boolean whole = session.metadata().containsKey(SYSTEM_WRITTEN);
                    return whole ? messages : messages.subList(systems(messages), messages.size());
                })
                .onErrorResume(SessionNotFoundException.class, e -> Mono.just(List.of()));
    }

    /**
     * Conversations among one page of the tenant's sessions: these are what is counted, so it may have fewer, or none.
     *
     * @param after the last session's id of the page before; empty for the first page
     * @param limit 1 to 100 sessions
     */
    public Mono<Page> list(String tenant, String after, int limit) {
        return directory
                .list(tenant, after, limit, Conversations::named)
                .map(page -> new Page(page.found(), page.lastId(), page.hasMore()));
    }

    /** Forks have their session's metadata, and any session's may say anything. */
    private static Optional<Named> named(Session session) {
        return Optional.ofNullable(session.metadata().get(NAME))
                .filter(name -> isName(name) && sessionId(name).equals(session.id()))
                .map(name -> new Named(session.id(), name));
    }

    /** Names of the tenant's conversations, among 10,000 sessions at most. */
    public Flux<String> names(String tenant) {
        return list(tenant, "", PAGE)
                .expand(page -> page.hasMore ? list(tenant, page.lastId, PAGE) : Mono.empty())
                .take(MOST_PAGES)
                .flatMapIterable(Page::conversations)
                .map(Named::name);
    }

    /** Writes all of it; waits for a turn that runs. Fails with {@link QueueFullException} where 64 do so already, or 16 of the tenant. */
    public Mono<Void> write(String tenant, String name, List<SessionMessage> messages) {
        return Mono.defer(() -> {
            if (!writes.begin(tenant)) {
                return Mono.error(new QueueFullException(
                        "too many conversations are being written or wait for turns that run; try again later",
                        RETRY_AFTER_MOST_WRITES));
            }
            return written(tenant, name, messages).doFinally(end -> writes.end(tenant));
        });
    }

    private Mono<Void> written(String tenant, String name, List<SessionMessage> messages) {
        return Mono.defer(() -> {
                    Key key = vault.key(tenant, sessionId(name));
                    return rewrite(key, messages)
                            .onErrorResume(
                                    SessionNotFoundException.class, e -> begin(tenant, key.id(), name, messages));
                })
                // Another may have begun it in between, or it may have ended.
                .retryWhen(Retry.max(1)
                        .filter(SessionExistsException.class::isInstance)
                        .onRetryExhaustedThrow((retry, signal) -> signal.failure()))
                .then();
    }

    /** Forgets it, and what is stored of it. */
    public Mono<Void> delete(String tenant, String name) {
        return Mono.defer(() -> directory.delete(tenant, sessionId(name)))
                .onErrorComplete(SessionNotFoundException.class);
    }

    private Mono<Session> rewrite(Key key, List<SessionMessage> messages) {
        return Mono.usingWhen(
                leases.acquire(key, settings.maxWait()),
                lease -> vault.find(key, textThreads)
                        .flatMap(session -> textThreads.call(() -> rewrite(lease, session, messages)))
                        .flatMap(rewritten -> rewritten)
                        .takeUntilOther(leases.keep(lease)),
                leases::release);
    }

    private Mono<Session> rewrite(Lease lease, Session session, List<SessionMessage> messages) {
        List<SessionMessage> own = session.messages();
        boolean replacesSystem = session.metadata().containsKey(SYSTEM_WRITTEN);
        List<SessionMessage> merged = merged(replacesSystem ? own.subList(systems(own), own.size()) : own, messages);
        int same = ConversationMatch.common(own, merged);
        boolean isSame = same == merged.size() && same == own.size();
        return isSame
                ? Mono.just(session)
                : vault.replace(
                        lease, session.retold(merged, same, metadata(session.metadata(), messages), clock.instant()));
    }

    private Mono<Session> begin(String tenant, String id, String name, List<SessionMessage> messages) {
        Instant now = clock.instant();
        byte[] lineage = new byte[LINEAGE_BYTES];
        random.nextBytes(lineage);
        return model.flatMap(served -> textThreads.call(() -> vault.create(
                        tenant,
                        new Session(
                                id,
                                HexFormat.of().formatHex(lineage),
                                served,
                                now,
                                now,
                                settings.defaultTimeToLive(),
                                false,
                                metadata(Map.of(NAME, name), messages),
                                0,
                                messages,
                                new int[0],
                                "",
                                List.of()))))
                .flatMap(created -> created);
    }

    private static Map<String, String> metadata(Map<String, String> before, List<SessionMessage> written) {
        Map<String, String> metadata = new LinkedHashMap<>(before);
        if (systems(written) == 0) {
            metadata.remove(SYSTEM_WRITTEN);
        } else {
            metadata.put(SYSTEM_WRITTEN, "true");
        }
        return metadata;
    }

    /**
     * What a conversation is after its application has written it.
     *
     * @param own as its last turn left it
     */
    static List<SessionMessage> merged(List<SessionMessage> own, List<SessionMessage> written) {
        List<SessionMessage> ownSystem = own.subList(0, systems(own));
        List<SessionMessage> writtenSystem = written.subList(0, systems(written));
        List<SessionMessage> ownBody = own.subList(ownSystem.size(), own.size());
        List<SessionMessage> body = written.subList(writtenSystem.size(), written.size());
        boolean isRepeated = body.size() > 1
                && ConversationMatch.isAnswer(body.getLast())
                && body.getLast().says(body.get(body.size() - 2))
                && !ownBody.isEmpty()
                && body.getLast().says(ownBody.getLast());
        return ConversationMatch.joined(
                writtenSystem.isEmpty() ? ownSystem : writtenSystem,
                isRepeated ? body.subList(0, body.size() - 1) : body);
    }

    private static int systems(List<SessionMessage> messages) {
        return !messages.isEmpty() && messages.getFirst().role().equals("system") ? 1 : 0;
    }
}
