package dev.contexture.kv.tier;

import static dev.contexture.kv.tier.TierTestValues.FINGERPRINT;
import static dev.contexture.kv.tier.TierTestValues.FORM;
import static dev.contexture.kv.tier.TierTestValues.OTHER_TENANT;
import static dev.contexture.kv.tier.TierTestValues.TENANT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.testing.FaultyRemoteTier;
import dev.contexture.testing.FaultyRemoteTier.Fault;
import dev.contexture.testing.InMemorySalts;
import dev.contexture.testing.ManualClock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The whole store over a remote tier at its worst, with work of other threads done in any order, for thousands of operations: what is
 * read is what was put, all that is asked for is answered, the books are right at every turn, and every fault is counted.
 */
class StoreSimulationTest {
    private static final int OPERATIONS = 20_000;
    private static final int BLOCKS = 120;
    private static final int SESSIONS = 5;
    private static final StoreSettings SETTINGS = new StoreSettings(
            new HostSettings(64, .8, .9, .5, .3, 3_000),
            new WriteSettings(
                    4_000, 6, 1_000, 3, 3, Duration.ofMillis(50), Duration.ofSeconds(5), Duration.ofHours(1), 200),
            new LoadSettings(30, 5, 3));

    private final ManualClock clock = new ManualClock();
    private final InMemorySalts salts = new InMemorySalts(1);
    private final MemorySegment memory = Arena.ofAuto().allocate(120 * 64);
    private final List<Runnable> jobs = new ArrayList<>();
    private Random random = new Random(0);
    private FaultyRemoteTier remote = new FaultyRemoteTier(random);
    private MasterKeys masters = TierTestValues.masters();
    private TieredKvStore store = open();
    private int reads;
    private int answers;
    private final Map<RefusalReason, Long> refusals = new EnumMap<>(RefusalReason.class);
    private final Set<TierKey> asked = new HashSet<>();
    private final Set<LoadResult.Outcome> outcomes = EnumSet.noneOf(LoadResult.Outcome.class);
    private boolean seenWaiting;
    private boolean seenLost;

    private Owner owner(int number) {
        return new Owner(number % 2 == 0 ? TENANT : OTHER_TENANT, number < 2 ? "" : "session " + number);
    }

    private static TierKey key(Owner owner, int block) {
        BlockPart part = switch (block % 4) {
            case 0 -> BlockPart.INDEX;
            case 1 -> BlockPart.CARRY;
            default -> new BlockPart.Rows(block % 3, block % 2);
        };
        return new TierKey(new Scope(owner.namespace(), FINGERPRINT), 99, block, part);
    }

    private static int bytes(TierKey key) {
        return 20 + (int) (key.hashLow() * 7 % 90);
    }

    private static NewValue value(TierKey key) {
        return new NewValue(
                new StoredName(key, FORM),
                (int) key.hashLow() * 16,
                MemorySegment.ofArray(TierTestValues.payload(key, bytes(key))));
    }

    private TieredKvStore open() {
        BlockSealer sealer =
                new BlockSealer(new TenantKeys(masters, salts, clock), TierTestValues.random(random.nextLong()));
        return new TieredKvStore(SETTINGS, new TieredKvStore.Parts(memory, remote, sealer, jobs::add, clock));
    }

    private void otherThreads() {
        Collections.shuffle(jobs, random);
        for (int count = random.nextInt(jobs.size() + 1); count > 0; count--) {
            jobs.removeLast().run();
        }
        remote.answerSome();
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void whateverHappensNothingWrongIsRead(long seed) {
        random = new Random(seed);
        remote = new FaultyRemoteTier(new Random(seed + 100));
        store = open();
        int restarts = 0;
        for (int i = 0; i < OPERATIONS; i++) {
            Owner owner = owner(random.nextInt(SESSIONS));
            TierKey key = key(owner, random.nextInt(BLOCKS));
            switch (random.nextInt(24)) {
                case 0, 1, 2, 3, 4 -> store.put(owner, List.of(value(key)));
                case 5, 6, 7, 8 -> prefetch(owner, key);
                case 9, 10, 11, 12 -> read(owner, key);
                case 13 -> store.pinSession(owner);
                case 14, 15 -> store.unpinSession(owner);
                case 16 -> clock.advance(Duration.ofMillis(random.nextInt(400)));
                case 17 -> rarely(40, () -> erase(owner));
                case 18 -> rarely(60, () -> store.eraseNamespace(owner.namespace()));
                case 19 -> rarely(100, this::rotate);
                default -> otherThreads();
            }
            if (random.nextInt(400) == 0) {
                restart();
                restarts++;
            }
            turn();
        }
        settle();
        System.out.printf(
                "store seed %d: %d operations, %d reads, %d answers, %d restarts, faults %s, refused %s%n",
                seed, OPERATIONS, reads, answers, restarts, remote.faults, refusals);
        assertThat(reads).isGreaterThan(500);
        assertThat(answers).isGreaterThan(500);
        assertThat(remote.faults)
                .containsKeys(Fault.FLIPPED_BIT, Fault.CUT_OFF, Fault.ANOTHERS, Fault.UNAVAILABLE, Fault.FULL);
        assertThat(refusals.values().stream().mapToLong(Long::longValue).sum()).isPositive();
        assertThat(outcomes)
                .contains(
                        LoadResult.Outcome.FOUND,
                        LoadResult.Outcome.MISSING,
                        LoadResult.Outcome.REFUSED,
                        LoadResult.Outcome.UNAVAILABLE);
        assertThat(seenWaiting).isTrue();
        assertThat(seenLost).isTrue();
    }

    private void rarely(int interval, Runnable work) {
        if (random.nextInt(interval) == 0) {
            work.run();
        }
    }

    private void prefetch(Owner owner, TierKey key) {
        if (store.lookup(key) != TierLookup.HIT) {
            asked.add(key);
        }
        LoadPriority priority = LoadPriority.values()[random.nextInt(LoadPriority.values().length)];
        store.prefetch(owner, priority, List.of(new Wanted(new StoredName(key, FORM), (int) key.hashLow() * 16)));
    }

    private void read(Owner owner, TierKey key) {
        Optional<HostPin> found = store.pin(key, owner);
        found.ifPresent(pin -> {
            try (HostPin value = pin) {
                byte[] target = new byte[value.bytes()];
                assertThat(value.bytes()).isEqualTo(bytes(key));
                assertThat(value.read(MemorySegment.ofArray(target))).isTrue();
                assertThat(target).isEqualTo(TierTestValues.payload(key, bytes(key)));
                reads++;
            }
        });
    }

    private void erase(Owner owner) {
        List<TierKey> keys = new ArrayList<>();
        for (int block = 0; block < BLOCKS; block++) {
            keys.add(key(owner, block));
        }
        store.erase(owner, keys);
        assertThat(store.usage(owner)).isEqualTo(TierStats.Usage.NONE);
    }

    /** Older values still open. */
    private void rotate() {
        masters = new MasterKeys(
                Map.of(TierTestValues.MASTER_ID, TierTestValues.master(7), 8, TierTestValues.master(8)), 8);
        restart();
    }

    /** Another process over the same remote tier; what was under way comes to nothing. */
    private void restart() {
        noteRefusals();
        jobs.clear();
        asked.clear();
        store = open();
    }

    private void noteRefusals() {
        store.stats().refusals().forEach((reason, count) -> {
            if (count > 0) {
                refusals.merge(reason, count, Long::sum);
            }
        });
    }

    private void turn() {
        for (LoadResult result : store.drainCompleted()) {
            answers++;
            asked.remove(result.key());
            outcomes.add(result.outcome());
            if (result.outcome() == LoadResult.Outcome.FOUND) {
                assertThat(store.lookup(result.key())).as("what has just come").isEqualTo(TierLookup.HIT);
            }
        }
        for (int i = 0; i < SESSIONS; i++) {
            PersistedState state = store.persisted(owner(i));
            seenWaiting |= state.waitingValues() > 0;
            seenLost |= state.lostValues() > 0;
        }
        assertThat(store.violations()).isEmpty();
        TierStats stats = store.stats();
        assertThat(stats.host().occupiedBytes())
                .isLessThanOrEqualTo(stats.host().limitBytes());
        assertThat(stats.queues().unwrittenBytes()).isLessThanOrEqualTo(4_000);
        assertThat(stats.queues().wantedValues()).isLessThanOrEqualTo(30 + 3 * 5);
    }

    /** Everything that was asked for is answered, and nothing waits any more. */
    private void settle() {
        remote.recover();
        for (int i = 0; i < 400; i++) {
            clock.advance(Duration.ofMillis(100));
            while (!jobs.isEmpty()) {
                jobs.removeFirst().run();
            }
            remote.recover();
            turn();
        }
        noteRefusals();
        assertThat(store.stats().queues().wantedValues()).isZero();
        assertThat(store.stats().queues().unwrittenValues()).isZero();
        for (int i = 0; i < SESSIONS; i++) {
            assertThat(store.persisted(owner(i)).waitingValues()).isZero();
        }
        for (TierKey key : asked) {
            assertThat(store.lookup(key)).isNotEqualTo(TierLookup.PENDING);
        }
    }
}
