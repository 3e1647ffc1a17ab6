package dev.contexture.session.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.kv.tier.redis.RedisLink;
import dev.contexture.kv.tier.redis.RedisListener;
import dev.contexture.session.store.TenantLedger.Bounds;
import dev.contexture.session.store.TenantLedger.Entry;
import dev.contexture.testing.TestRedis;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class RedisTenantLedgerTest extends TenantLedgerContract {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private static TestRedis redis;
    private static RedisLink link;
    private static TenantLedger ledger;

    @BeforeAll
    static void start() throws Exception {
        redis = TestRedis.start();
        link = new RedisLink(new RedisLink.Settings(
                redis.url(), false, Optional.empty(), Duration.ofSeconds(1), Duration.ofMillis(500)));
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (link.commands().isEmpty()) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.sleep(10);
        }
        ledger = new RedisTenantLedger(RecordFamily.RESPONSE, link, RedisListener.NONE, System::nanoTime);
    }

    @AfterAll
    static void stop() {
        link.close();
        redis.close();
    }

    @Override
    TenantLedger ledger() {
        return ledger;
    }

    @Override
    void pass(Duration duration) throws InterruptedException {
        Thread.sleep(duration.toMillis());
    }

    /** The sum is kept as long as there is something to sum. */
    @Test
    void anEmptyAccountLeavesNothing() {
        Entry entry = new Entry("a", 7);
        ledger.enter("gone", entry, Duration.ofMinutes(1), new Bounds(1, 10)).block();
        assertThat(stored()).hasSize(2);
        ledger.leave("gone", entry).block();
        assertThat(stored()).isEmpty();
    }

    /** A server that is full may drop one of the two. */
    @Test
    void aSumThatLostItsEntriesDoesNotCount() {
        Bounds bounds = new Bounds(10, 10);
        ledger.enter("lost", new Entry("a", 7), Duration.ofMinutes(1), bounds).block();
        redis.with(commands -> commands.del("ctx:rsp:{lost}:entries"));
        Entry next = new Entry("b", 7);
        assertThat(ledger.enter("lost", next, Duration.ofMinutes(1), bounds).block())
                .isEmpty();
        String bytes = redis.with(commands -> commands.get("ctx:rsp:{lost}:bytes"));
        assertThat(bytes).isEqualTo("7");
    }

    private static List<String> stored() {
        return redis.with(commands -> commands.keys("ctx:rsp:{gone}:*"));
    }
}
