package dev.contexture.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.scheduler.QueueFullException;
import dev.contexture.session.store.InMemorySessionRecords;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

class ConversationsTest {
    private static final String TENANT = "tenant";
    private static final SessionSettings SETTINGS = new SessionSettings(
            Duration.ofDays(1), Duration.ofDays(2), Duration.ofSeconds(15), Duration.ofSeconds(5), 100_000);

    private final AtomicLong millis = new AtomicLong(1_000_000);
    private final InMemorySessionRecords records = new InMemorySessionRecords(1_000, millis::get);
    private final SessionVault vault = new SessionVault(
            records,
            new SessionSealer(new byte[32], new SecureRandom()),
            new TenantNamespaces(new byte[32]),
            SETTINGS.maxRecordBytes(),
            "ses");
    private final SessionLeases leases = new SessionLeases(records, SETTINGS.lease(), "here", Schedulers.parallel());
    private final Conversations conversations = over(Schedulers.boundedElastic());

    private Conversations over(Scheduler textThreads) {
        return new Conversations(
                vault,
                new SessionDirectory(vault, new NoStoredKv(tenant -> true)),
                leases,
                SETTINGS,
                InstantSource.system(),
                new SecureRandom(),
                Mono.just("model"),
                new TextThreads(textThreads));
    }

    private static List<SessionMessage> said(String... texts) {
        return Arrays.stream(texts)
                .map(text -> SessionMessage.of(
                        switch (text.charAt(0)) {
                            case 's' -> "system";
                            case 'u' -> "user";
                            default -> "assistant";
                        },
                        text))
                .toList();
    }

    private void write(String name, String... texts) {
        conversations.write(TENANT, name, said(texts)).block();
    }

    private List<SessionMessage> messages(String name) {
        return Objects.requireNonNull(conversations.messages(TENANT, name).block());
    }

    private Session session(String name) {
        return Objects.requireNonNull(
                vault.find(vault.key(TENANT, Conversations.sessionId(name))).block());
    }

    /** What a turn does at its end. */
    private void turn(String name, int[] tokens, String... texts) {
        Session session = session(name);
        Mono.usingWhen(
                        leases.acquire(vault.key(TENANT, session.id()), Duration.ZERO),
                        lease -> vault.replace(
                                lease,
                                session.advanced(
                                        said(texts),
                                        tokens,
                                        0,
                                        Optional.empty(),
                                        InstantSource.system().instant(),
                                        "here")),
                        leases::release)
                .block();
    }

    @Test
    void whatIsWrittenIsRead() {
        assertThat(messages("alice")).isEmpty();
        write("alice", "u1");
        write("alice", "u1", "a1", "u2");
        assertThat(messages("alice")).isEqualTo(said("u1", "a1", "u2"));
        write("alice", "u2");
        assertThat(messages("alice")).isEqualTo(said("u2"));
        assertThat(messages("bob")).isEmpty();
        assertThat(conversations.messages("other", "alice").block()).isEmpty();
    }

    @Test
    void namesAreKept() {
        write("alice", "u1");
        write("a conversation with spaces/and: signs", "u1");
        IntStream.range(0, 120).forEach(i -> write("many " + i, "u1"));
        List<String> names =
                Objects.requireNonNull(conversations.names(TENANT).collectList().block());
        assertThat(names)
                .hasSize(122)
                .doesNotHaveDuplicates()
                .contains("alice", "a conversation with spaces/and: signs", "many 119");
        assertThat(conversations.names("other").collectList().block()).isEmpty();
    }

    /** Each takes the others' records away: one that is read before is still told of, one that is read behind is not there. */
    @Test
    void aPageHoldsOneSessionAtATime() {
        List.of("alice", "bob", "carol").forEach(name -> write(name, "u1"));
        SessionDirectory directory = new SessionDirectory(vault, new NoStoredKv(tenant -> true));
        SessionDirectory.Page<String> page = Objects.requireNonNull(directory
                .list(TENANT, "", 3, session -> {
                    Flux.fromIterable(Objects.requireNonNull(
                                    vault.list(TENANT, "", 3).block()))
                            .filter(id -> !id.equals(session.id()))
                            .concatMap(id -> vault.delete(vault.key(TENANT, id)))
                            .blockLast();
                    return Optional.of(session.id());
                })
                .block());
        assertThat(page.found()).hasSize(1);
        assertThat(page.lastId()).isGreaterThanOrEqualTo(page.found().getFirst());
        assertThat(page.hasMore()).isFalse();
    }

    @Test
    void aSessionsIdIsNoName() {
        String id = Conversations.sessionId("alice");
        assertThat(id).matches("ses_[0-9a-f]{24}");
        write("alice", "u1");
        assertThat(messages(id)).isEmpty();
        assertThatThrownBy(() -> Conversations.sessionId(" ")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> write("x".repeat(513), "u1")).hasMessageContaining("1 to 512 characters but has 513");
    }

    /** A window lets go of what was said first. */
    @Test
    void anAnswerIsNotWrittenTwiceWhereTheBeginningIsDropped() {
        write("alice", "u1", "a1", "u2", "a2", "u3");
        turn("alice", new int[] {1}, "u1", "a1", "u2", "a2", "u3", "a3");
        write("alice", "u2", "a2", "u3", "a3", "a3");
        assertThat(messages("alice")).isEqualTo(said("u2", "a2", "u3", "a3"));
    }

    @Test
    void anAnswerThatItsTurnWroteIsNotWrittenTwice() {
        write("alice", "u1");
        turn("alice", new int[] {1, 2, 3}, "s", "u1", "a1");
        // A prompt's own rules are not what was said.
        assertThat(messages("alice")).isEqualTo(said("u1", "a1"));
        write("alice", "u1", "a1", "a1");
        assertThat(messages("alice")).isEqualTo(said("u1", "a1"));
        write("alice", "u1", "a1", "u2");
        assertThat(session("alice").messages()).isEqualTo(said("s", "u1", "a1", "u2"));
        assertThat(session("alice").tokens()).containsExactly(1, 2, 3);
        assertThat(session("alice").turns()).isEqualTo(1);
    }

    @Test
    void rulesThatWereWrittenAreSaid() {
        write("alice", "s", "u1");
        assertThat(messages("alice")).isEqualTo(said("s", "u1"));
        write("alice", "s", "u1", "a1");
        assertThat(messages("alice")).isEqualTo(said("s", "u1", "a1"));
        write("alice", "u1", "a1");
        assertThat(messages("alice")).isEqualTo(said("u1", "a1"));
    }

    @Test
    void aTurnThatRunsIsWaitedFor() {
        write("alice", "u1");
        var lease = Objects.requireNonNull(
                leases.acquire(vault.key(TENANT, Conversations.sessionId("alice")), Duration.ZERO)
                        .block());
        Mono<Void> release = Mono.delay(Duration.ofMillis(150)).then(leases.release(lease));
        Mono.when(conversations.write(TENANT, "alice", said("u1", "a1")), release)
                .block();
        assertThat(messages("alice")).isEqualTo(said("u1", "a1"));
    }

    /** Work that none of the text threads takes is refused, not done on another, and holds nothing. */
    @Test
    void textIsReadAndWrittenOnItsThreads() {
        write("alice", "u1");
        Conversations busy = over(Schedulers.fromExecutor(task -> {
            throw new RejectedExecutionException();
        }));
        assertThatThrownBy(() -> busy.messages(TENANT, "alice").block()).isInstanceOf(QueueFullException.class);
        for (String name : List.of("alice", "bob")) {
            assertThatThrownBy(() -> busy.write(TENANT, name, said("u2")).block())
                    .isInstanceOf(QueueFullException.class);
        }
        write("alice", "u1", "a1");
        assertThat(messages("alice")).isEqualTo(said("u1", "a1"));
        assertThat(messages("bob")).isEmpty();
    }

    @Test
    void onlySoManyMayWait() {
        write("alice", "u1");
        var lease = Objects.requireNonNull(
                leases.acquire(vault.key(TENANT, Conversations.sessionId("alice")), Duration.ZERO)
                        .block());
        List<CompletableFuture<Void>> waiting = IntStream.range(0, Conversations.MOST_WRITES_OF_TENANT)
                .mapToObj(i ->
                        conversations.write(TENANT, "alice", said("u1", "a1")).toFuture())
                .toList();
        assertThatThrownBy(() -> write("bob", "u1"))
                .isInstanceOf(QueueFullException.class)
                .hasMessageContaining("too many conversations");
        conversations.write("another", "bob", said("u1")).block();
        waiting.forEach(write -> write.cancel(true));
        write("bob", "u1");
        leases.release(lease).block();
        write("alice", "u2");
        assertThat(messages("alice")).isEqualTo(said("u2"));
    }

    @Test
    void manyMayBeginAtOnce() {
        Flux.range(0, 8)
                .flatMap(i -> conversations.write(TENANT, "alice", said("u1")).subscribeOn(Schedulers.boundedElastic()))
                .blockLast();
        assertThat(messages("alice")).isEqualTo(said("u1"));
    }

    @Test
    void whatWasDeletedIsGone() {
        write("alice", "u1");
        conversations.delete(TENANT, "alice").block();
        conversations.delete(TENANT, "alice").block();
        assertThat(messages("alice")).isEmpty();
        List<String> names = new ArrayList<>(
                Optional.ofNullable(conversations.names(TENANT).collectList().block())
                        .orElseThrow());
        assertThat(names).isEmpty();
    }

    @Test
    void tooMuchIsRefusedAndChangesNothing() {
        write("alice", "u1");
        assertThatThrownBy(() -> write("alice", "u" + "x".repeat(100_000)))
                .isInstanceOf(InvalidPromptException.class)
                .hasMessageContaining("max-record-size");
        assertThat(messages("alice")).isEqualTo(said("u1"));
    }
}
