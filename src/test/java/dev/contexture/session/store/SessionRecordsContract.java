package dev.contexture.session.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.session.store.SessionRecords.Acquired;
import dev.contexture.session.store.SessionRecords.Key;
import dev.contexture.session.store.SessionRecords.Lease;
import dev.contexture.session.store.SessionRecords.Replaced;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

/** What every implementation of {@link SessionRecords} must do. */
abstract class SessionRecordsContract {
    private static final Duration LONG = Duration.ofMinutes(5);
    private static final byte[] FIRST = "first".getBytes(StandardCharsets.UTF_8);
    private static final byte[] SECOND = {0, -1, 13, 10, 127};

    private final String namespace = UUID.randomUUID().toString().replace("-", "");
    private final Key key = key("b");

    abstract SessionRecords records();

    private Key key(String id) {
        return new Key(namespace, id);
    }

    private static <T> T get(Mono<T> answer) {
        return answer.blockOptional(Duration.ofSeconds(10)).orElseThrow();
    }

    private Lease lease(Key of, String owner) {
        return ((Acquired.Granted) get(records().acquire(of, owner, LONG))).lease();
    }

    private static void sleep(Duration time) throws InterruptedException {
        Thread.sleep(time.toMillis());
    }

    @Test
    void aRecordComesBackAsItWas() {
        assertThat(get(records().find(key))).isEmpty();
        assertThat(get(records().create(key, SECOND, LONG))).isTrue();
        assertThat(get(records().create(key, FIRST, LONG)))
                .as("there is one already")
                .isFalse();
        SessionRecords.Stored stored = get(records().find(key)).orElseThrow();
        assertThat(stored.record()).isEqualTo(SECOND);
        assertThat(stored.version()).isEqualTo(1);
        assertThat(get(records().find(new Key(namespace.replace('1', '2') + "x", "b"))))
                .isEmpty();
    }

    @Test
    void onlyWhoHoldsTheLeaseWrites() {
        get(records().create(key, FIRST, LONG));
        Lease lease = lease(key, "a");
        Acquired other = get(records().acquire(key, "b", LONG));
        assertThat(((Acquired.HeldByOther) other).remaining()).isBetween(Duration.ofSeconds(1), LONG);
        assertThat(get(records().replace(new Lease(key, "b", lease.fence()), SECOND, LONG)))
                .isEqualTo(Replaced.NOT_OWNER);
        assertThat(get(records().replace(new Lease(key, "a", lease.fence() + 1), SECOND, LONG)))
                .isEqualTo(Replaced.NOT_OWNER);
        assertThat(get(records().replace(lease, SECOND, LONG))).isEqualTo(Replaced.DONE);
        SessionRecords.Stored stored = get(records().find(key)).orElseThrow();
        assertThat(stored.record()).isEqualTo(SECOND);
        assertThat(stored.version()).isEqualTo(2);
        records().release(new Lease(key, "b", lease.fence())).block();
        assertThat(get(records().renew(lease, LONG)))
                .as("another's release is none")
                .isTrue();
        records().release(lease).block();
        assertThat(get(records().renew(lease, LONG))).isFalse();
        assertThat(get(records().replace(lease, FIRST, LONG))).isEqualTo(Replaced.NOT_OWNER);
        assertThat(lease(key, "b").fence()).isGreaterThan(lease.fence());
    }

    @Test
    void aLeaseThatExpiredIsItsOwnersUntilAnotherTakesIt() throws Exception {
        get(records().create(key, FIRST, LONG));
        Lease late = ((Acquired.Granted) get(records().acquire(key, "a", Duration.ofMillis(50)))).lease();
        sleep(Duration.ofMillis(100));
        assertThat(get(records().renew(late, Duration.ofMillis(50)))).isTrue();
        sleep(Duration.ofMillis(100));
        assertThat(get(records().replace(late, SECOND, LONG))).isEqualTo(Replaced.DONE);
        Lease next = lease(key, "b");
        assertThat(get(records().replace(late, FIRST, LONG))).isEqualTo(Replaced.NOT_OWNER);
        assertThat(get(records().replace(next, FIRST, LONG))).isEqualTo(Replaced.DONE);
    }

    @Test
    void aLeaseThatAnotherTookIsLost() throws Exception {
        get(records().create(key, FIRST, LONG));
        Lease stale = ((Acquired.Granted) get(records().acquire(key, "a", Duration.ofMillis(80)))).lease();
        sleep(Duration.ofMillis(150));
        Lease fresh = lease(key, "a");
        assertThat(get(records().renew(stale, LONG))).isFalse();
        assertThat(fresh.fence()).as("the same owner's older lease is no lease").isGreaterThan(stale.fence());
        assertThat(get(records().replace(stale, SECOND, LONG))).isEqualTo(Replaced.NOT_OWNER);
        assertThat(get(records().replace(fresh, SECOND, LONG))).isEqualTo(Replaced.DONE);
    }

    @Test
    void recordsExpireUnlessTheyAreReplaced() throws Exception {
        get(records().create(key, FIRST, Duration.ofMillis(100)));
        get(records().create(key("kept"), FIRST, Duration.ofMillis(100)));
        assertThat(get(records().replace(lease(key("kept"), "a"), SECOND, LONG)))
                .isEqualTo(Replaced.DONE);
        sleep(Duration.ofMillis(200));
        assertThat(get(records().find(key))).isEmpty();
        assertThat(get(records().acquire(key, "a", LONG))).isInstanceOf(Acquired.NoSuchSession.class);
        assertThat(get(records().list(namespace, "", 10))).containsExactly("kept");
        assertThat(get(records().create(key, SECOND, LONG)))
                .as("the id is free again")
                .isTrue();
    }

    @Test
    void listsInPages() {
        for (String id : List.of("d", "a", "c", "e", "b")) {
            get(records().create(key(id), FIRST, LONG));
        }
        get(records().create(new Key(namespace.replace(namespace.charAt(0), 'x'), "other"), FIRST, LONG));
        assertThat(get(records().list(namespace, "", 2))).containsExactly("a", "b");
        assertThat(get(records().list(namespace, "b", 2))).containsExactly("c", "d");
        assertThat(get(records().delete(key("e")))).isTrue();
        assertThat(get(records().list(namespace, "d", 2))).isEmpty();
    }

    /** Whoever erases all must not take a page of expired ones for the end. */
    @Test
    void listsBehindWhatHasExpired() throws Exception {
        for (String id : List.of("a", "b", "c", "d")) {
            get(records().create(key(id), FIRST, Duration.ofMillis(100)));
        }
        get(records().create(key("y"), FIRST, LONG));
        get(records().create(key("z"), FIRST, LONG));
        sleep(Duration.ofMillis(200));
        assertThat(get(records().list(namespace, "", 2))).containsExactly("y", "z");
    }

    @Test
    void whatIsDeletedCannotBeWritten() {
        get(records().create(key, FIRST, LONG));
        Lease lease = lease(key, "a");
        assertThat(get(records().delete(key))).isTrue();
        assertThat(get(records().delete(key))).isFalse();
        assertThat(get(records().replace(lease, SECOND, LONG))).isEqualTo(Replaced.NO_SUCH_SESSION);
        assertThat(get(records().renew(lease, LONG))).isFalse();
        assertThat(get(records().find(key))).isEqualTo(Optional.empty());
    }

    /** Many ask at once, again and again: there is one owner at a time, and nobody's write is lost. */
    @Test
    void oneOwnerAtATime() throws Exception {
        get(records().create(key, FIRST, LONG));
        int threads = 8;
        AtomicInteger holders = new AtomicInteger();
        AtomicInteger writes = new AtomicInteger();
        AtomicInteger together = new AtomicInteger();
        CountDownLatch done = new CountDownLatch(threads);
        for (int t = 0; t < threads; t++) {
            String owner = "owner " + t;
            Thread.ofPlatform().start(() -> {
                try {
                    for (int i = 0; i < 50; i++) {
                        if (get(records().acquire(key, owner, LONG)) instanceof Acquired.Granted granted) {
                            together.accumulateAndGet(holders.incrementAndGet(), Math::max);
                            if (get(records().replace(granted.lease(), SECOND, LONG)) == Replaced.DONE) {
                                writes.incrementAndGet();
                            }
                            holders.decrementAndGet();
                            records().release(granted.lease()).block();
                        }
                    }
                } finally {
                    done.countDown();
                }
            });
        }
        done.await();
        assertThat(together).hasValue(1);
        assertThat(get(records().find(key)).orElseThrow().version()).isEqualTo(1 + writes.get());
        assertThat(writes.get()).isPositive();
    }
}
