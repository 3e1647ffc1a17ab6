package dev.contexture.session.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.kv.tier.redis.RedisLink;
import dev.contexture.kv.tier.redis.RedisListener;
import dev.contexture.testing.TestRedis;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class RedisSessionRecordsTest extends SessionRecordsContract {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private static TestRedis redis;
    private static RedisLink link;
    private static SessionRecords records;

    @BeforeAll
    static void start() throws Exception {
        redis = TestRedis.start();
        link = link(redis);
        records = records(link);
    }

    private static RedisLink link(TestRedis to) throws InterruptedException {
        RedisLink made = new RedisLink(new RedisLink.Settings(
                to.url(), false, Optional.empty(), Duration.ofSeconds(1), Duration.ofMillis(500)));
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (made.commands().isEmpty()) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.sleep(10);
        }
        return made;
    }

    private static SessionRecords records(RedisLink over) {
        return new RedisSessionRecords(
                RecordFamily.SESSION, over, RedisListener.NONE, System::nanoTime, System::currentTimeMillis);
    }

    @AfterAll
    static void stop() {
        link.close();
        redis.close();
    }

    @Override
    SessionRecords records() {
        return records;
    }

    /** What expired goes when others come, whoever's it was. */
    @Test
    void expiredRecordsAreRemovedInTime() throws Exception {
        for (int i = 0; i < 20; i++) {
            records.create(new SessionRecords.Key("tenant" + i, "x"), new byte[100], Duration.ofMillis(50))
                    .block();
        }
        Thread.sleep(150);
        for (int i = 0; i < 3; i++) {
            records.create(new SessionRecords.Key("late", "x" + i), new byte[1], Duration.ofMinutes(1))
                    .block();
        }
        List<String> left = redis.with(commands -> commands.keys("ctx:ses:*tenant*"));
        assertThat(left).isEmpty();
    }

    /** Conversations have no time to live of Redis's own, so that a full server drops what can be computed again instead. */
    @Test
    void recordsAreNotEvictable() {
        SessionRecords.Key key = new SessionRecords.Key("kept", "x");
        records.create(key, new byte[1], Duration.ofMinutes(1)).block();
        long remaining = redis.with(commands -> commands.pttl("ctx:ses:kept:x"));
        assertThat(remaining).isEqualTo(-1);
    }

    @Test
    void aStoreThatIsAwayIsSaidInTime() throws Exception {
        try (TestRedis mortal = TestRedis.start()) {
            RedisLink over = link(mortal);
            SessionRecords here = records(over);
            SessionRecords.Key key = new SessionRecords.Key("n", "x");
            assertThat(here.create(key, new byte[1], Duration.ofMinutes(1)).block())
                    .isTrue();
            mortal.pause();
            assertThatThrownBy(() -> here.find(key).block(Duration.ofSeconds(5)))
                    .isInstanceOf(SessionStoreUnavailableException.class);
            mortal.resume();
            mortal.kill();
            assertThatThrownBy(() -> here.find(key).block(Duration.ofSeconds(5)))
                    .isInstanceOf(SessionStoreUnavailableException.class);
            over.close();
        }
    }
}
