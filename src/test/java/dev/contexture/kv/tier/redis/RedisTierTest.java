package dev.contexture.kv.tier.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.kv.tier.BlockPart;
import dev.contexture.kv.tier.RemoteTier;
import dev.contexture.kv.tier.RemoteTier.Entry;
import dev.contexture.kv.tier.RemoteTier.Loaded;
import dev.contexture.kv.tier.RemoteTier.Stored;
import dev.contexture.kv.tier.Scope;
import dev.contexture.kv.tier.TenantSalts.Salt;
import dev.contexture.kv.tier.TierKey;
import dev.contexture.kv.tier.redis.RedisListener.Failure;
import dev.contexture.kv.tier.redis.RedisListener.Operation;
import dev.contexture.testing.TestRedis;
import dev.contexture.testing.TestSentinel;
import io.lettuce.core.RedisException;
import io.lettuce.core.cluster.SlotHash;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Against a real server, whatever happens to it: every call is answered, within its time limit. */
class RedisTierTest {
    private static final Scope SCOPE = new Scope("0123456789abcdef0123456789abcdef", "0123456789abcdef");
    private static final Duration TIMEOUT = Duration.ofMillis(300);
    private static final Duration LIVES = Duration.ofMinutes(5);
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Map<Failure, Integer> failures = new EnumMap<>(Failure.class);
    private TestRedis redis;
    private RedisLink link;
    private RedisTier tier;

    private final RedisListener listener = new RedisListener() {
        @Override
        public void answered(Operation operation, long nanos) {}

        @Override
        public void failed(Operation operation, Failure failure) {
            synchronized (failures) {
                failures.merge(failure, 1, Integer::sum);
            }
        }

        @Override
        public void moved(long loadedBytes, long storedBytes) {}
    };

    @BeforeEach
    void start() throws Exception {
        redis = TestRedis.start();
        connect(redis.url(), false);
    }

    private void connect(String url, boolean cluster) throws InterruptedException {
        link = new RedisLink(new RedisLink.Settings(url, cluster, Optional.empty(), Duration.ofSeconds(1), TIMEOUT));
        tier = new RedisTier(
                link,
                new CircuitBreaker(
                        new CircuitBreaker.Settings(5, Duration.ofMillis(100), Duration.ofSeconds(1)),
                        System::nanoTime),
                listener,
                System::nanoTime);
        await(() -> tier.state() == RemoteTier.State.AVAILABLE);
    }

    @AfterEach
    void stop() throws Exception {
        redis.resume();
        link.close();
        redis.close();
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.sleep(10);
        }
    }

    private static TierKey key(int number) {
        BlockPart part = number % 3 == 0
                ? BlockPart.INDEX
                : number % 3 == 1 ? BlockPart.CARRY : new BlockPart.Rows(number % 7, number % 2);
        return new TierKey(SCOPE, 77L * number, number, part);
    }

    private static ByteBuffer value(int number, int bytes) {
        byte[] value = new byte[bytes];
        new Random(number).nextBytes(value);
        return ByteBuffer.wrap(value);
    }

    private static List<Entry> entries(int from, int to, int bytes) {
        List<Entry> entries = new ArrayList<>();
        for (int i = from; i < to; i++) {
            entries.add(new Entry(key(i), value(i, bytes)));
        }
        return entries;
    }

    private static List<TierKey> keys(int from, int to) {
        return entries(from, to, 0).stream().map(Entry::key).toList();
    }

    /** The contract: never exceptionally, never later than the limit and what a busy machine adds. */
    private static <T> T answer(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(TIMEOUT.toMillis() + 2_000, TimeUnit.MILLISECONDS);
    }

    @Test
    void valuesComeBackAsTheyWere() throws Exception {
        assertThat(answer(tier.store(entries(0, 200, 3_000), LIVES)))
                .hasSize(200)
                .containsOnly(Stored.STORED);
        List<Loaded> loaded = answer(tier.load(keys(0, 210)));
        for (int i = 0; i < 200; i++) {
            assertThat(loaded.get(i)).isEqualTo(new Loaded.Found(value(i, 3_000)));
        }
        assertThat(loaded.subList(200, 210)).containsOnly(new Loaded.Missing());
        assertThat(answer(tier.remove(keys(0, 100)))).isTrue();
        assertThat(answer(tier.load(keys(0, 101))).subList(99, 101))
                .containsExactly(new Loaded.Missing(), new Loaded.Found(value(100, 3_000)));
    }

    @Test
    void valuesExpireAndCanBeTouched() throws Exception {
        answer(tier.store(entries(0, 2, 10), Duration.ofMillis(400)));
        assertThat(answer(tier.touch(keys(1, 3), LIVES))).containsExactly(true, false);
        await(() -> redis.with(commands -> commands.dbsize()) == 1);
        assertThat(answer(tier.load(keys(0, 2)))).containsExactly(new Loaded.Missing(), new Loaded.Found(value(1, 10)));
    }

    @Test
    void aFullServerSaysSo() throws Exception {
        redis.with(commands -> commands.configSet("maxmemory", "3mb"));
        redis.with(commands -> commands.configSet("maxmemory-policy", "noeviction"));
        List<Stored> stored = answer(tier.store(entries(0, 300, 20_000), LIVES));
        assertThat(stored).contains(Stored.FULL);
        assertThat(stored).doesNotContain(Stored.UNAVAILABLE);
        assertThat(tier.state()).as("it answers").isEqualTo(RemoteTier.State.AVAILABLE);
        assertThat(failures).containsKey(Failure.FULL);
    }

    @Test
    void aServerThatDoesNotAnswerIsLeftAloneAndComesBack() throws Exception {
        answer(tier.store(entries(0, 1, 10), LIVES));
        redis.pause();
        for (int i = 0; i < 8; i++) {
            assertThat(answer(tier.load(keys(0, 1))).getFirst()).isInstanceOf(Loaded.Unavailable.class);
        }
        assertThat(failures).containsKeys(Failure.TIMEOUT, Failure.BREAKER);
        redis.resume();
        await(() -> tier.state() == RemoteTier.State.AVAILABLE && isThere(0));
    }

    private boolean isThere(int number) {
        try {
            return answer(tier.load(List.of(key(number)))).getFirst() instanceof Loaded.Found;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aServerThatIsGoneIsConnectedToAgain() throws Exception {
        answer(tier.store(entries(0, 3, 10), LIVES));
        redis.kill();
        await(() -> tier.state() == RemoteTier.State.UNAVAILABLE);
        assertThat(answer(tier.load(keys(0, 3)))).allMatch(Loaded.Unavailable.class::isInstance);
        assertThat(answer(tier.store(entries(0, 3, 10), LIVES))).containsOnly(Stored.UNAVAILABLE);
        assertThat(answer(tier.touch(keys(0, 3), LIVES))).containsOnly(false);
        assertThat(answer(tier.remove(keys(0, 3)))).isFalse();
        redis.startAgain();
        await(() -> tier.state() == RemoteTier.State.AVAILABLE);
        await(() -> {
            try {
                return answer(tier.store(entries(0, 1, 10), LIVES)).getFirst() == Stored.STORED;
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        assertThat(answer(tier.load(keys(1, 2)))).as("it kept nothing").containsOnly(new Loaded.Missing());
    }

    @Test
    void aWrongPasswordIsNoReasonToFail() throws Exception {
        try (RedisLink wrong = new RedisLink(new RedisLink.Settings(
                redis.url().replace(TestRedis.PASSWORD, "another"),
                false,
                Optional.empty(),
                Duration.ofSeconds(1),
                TIMEOUT))) {
            RedisTier refused = new RedisTier(
                    wrong,
                    new CircuitBreaker(
                            new CircuitBreaker.Settings(5, Duration.ofMillis(100), Duration.ofSeconds(1)),
                            System::nanoTime),
                    listener,
                    System::nanoTime);
            assertThat(refused.state()).isEqualTo(RemoteTier.State.UNAVAILABLE);
            assertThat(answer(refused.load(keys(0, 1))).getFirst()).isInstanceOf(Loaded.Unavailable.class);
        }
    }

    @Test
    void whatIsUnderWayIsBounded() throws Exception {
        redis.pause();
        List<CompletionStage<List<Loaded>>> calls = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            calls.add(tier.load(keys(0, 1_000)));
        }
        for (CompletionStage<List<Loaded>> call : calls) {
            assertThat(answer(call)).hasSize(1_000).allMatch(Loaded.Unavailable.class::isInstance);
        }
        assertThat(failures).containsKey(Failure.OVERLOAD);
    }

    @Test
    void saltsAreMadeOnceAndCanBeErased() {
        RedisTenantSalts salts = new RedisTenantSalts(link, listener, new SecureRandom());
        String namespace = SCOPE.namespace();
        assertThat(salts.find(namespace)).isInstanceOf(Salt.Absent.class);
        Salt made = salts.findOrCreate(namespace);
        assertThat(((Salt.Known) made).bytes()).hasSize(32);
        assertThat(((Salt.Known) new RedisTenantSalts(link, listener, new SecureRandom()).findOrCreate(namespace))
                        .bytes())
                .isEqualTo(((Salt.Known) made).bytes());
        assertThat(salts.erase(namespace)).isTrue();
        assertThat(salts.find(namespace)).isInstanceOf(Salt.Absent.class);
        assertThat(((Salt.Known) salts.findOrCreate(namespace)).bytes()).isNotEqualTo(((Salt.Known) made).bytes());
    }

    /** One node with all slots: keys are spread, and calls go by slot. */
    @Test
    void aClusterServes() throws Exception {
        try (TestRedis node = TestRedis.start("--cluster-enabled", "yes", "--masterauth", TestRedis.PASSWORD)) {
            node.with(commands -> {
                int[] slots = new int[16_384];
                for (int i = 0; i < slots.length; i++) {
                    slots[i] = i;
                }
                return commands.clusterAddSlots(slots);
            });
            await(() -> node.with(commands -> commands.clusterInfo()).contains("cluster_state:ok"));
            link.close();
            connect(node.url(), true);
            assertThat(answer(tier.store(entries(0, 300, 500), LIVES))).containsOnly(Stored.STORED);
            List<Loaded> loaded = answer(tier.load(keys(0, 300)));
            for (int i = 0; i < 300; i++) {
                assertThat(loaded.get(i)).isEqualTo(new Loaded.Found(value(i, 500)));
            }
            assertThat(keys(0, 300).stream()
                            .map(RedisNames::of)
                            .map(SlotHash::getSlot)
                            .distinct()
                            .count())
                    .as("slots")
                    .isGreaterThan(200);
            assertThat(answer(tier.remove(keys(0, 300)))).isTrue();
            assertThat(answer(tier.load(keys(0, 300)))).containsOnly(new Loaded.Missing());
        }
    }

    /** Whoever is promoted closes connections. */
    private static boolean isMaster(TestRedis server) {
        try {
            return server.with(commands -> commands.info("replication")).contains("role:master");
        } catch (RedisException e) {
            return false;
        }
    }

    @Test
    void behindSentinelsTheNextMasterServes() throws Exception {
        try (TestRedis master = TestRedis.start("--masterauth", TestRedis.PASSWORD);
                TestRedis replica = TestRedis.start(
                        "--masterauth",
                        TestRedis.PASSWORD,
                        "--replicaof",
                        "127.0.0.1",
                        Integer.toString(master.port()))) {
            await(() -> replica.with(commands -> commands.info("replication")).contains("master_link_status:up"));
            try (TestSentinel sentinel = TestSentinel.watching(master)) {
                link.close();
                connect(sentinel.url(), false);
                assertThat(answer(tier.store(entries(0, 20, 500), LIVES))).containsOnly(Stored.STORED);
                await(() ->
                        master.with(commands -> commands.info("replication")).contains("state=online"));
                master.with(commands -> commands.waitForReplication(1, 5_000));
                // A Sentinel asks a master for its replicas every ten seconds, and at once when it begins to watch.
                master.kill();
                await(() -> isMaster(replica));
                long deadline = System.nanoTime() + PATIENCE.toNanos();
                while (!answer(tier.store(entries(20, 21, 500), LIVES)).contains(Stored.STORED)) {
                    assertThat(System.nanoTime()).isLessThan(deadline);
                    Thread.sleep(50);
                }
                List<Loaded> loaded = answer(tier.load(keys(0, 21)));
                for (int i = 0; i < 21; i++) {
                    assertThat(loaded.get(i)).isEqualTo(new Loaded.Found(value(i, 500)));
                }
            }
        }
    }
}
