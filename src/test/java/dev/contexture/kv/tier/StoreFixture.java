package dev.contexture.kv.tier;

import static dev.contexture.kv.tier.TierTestValues.TENANT;
import static dev.contexture.kv.tier.TierTestValues.key;
import static dev.contexture.kv.tier.TierTestValues.name;
import static dev.contexture.kv.tier.TierTestValues.payload;
import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.kv.tier.TierStats.WriteEvent;
import dev.contexture.testing.InMemoryRemoteTier;
import dev.contexture.testing.InMemorySalts;
import dev.contexture.testing.ManualClock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.AfterEach;

/** A small store over a remote tier that does as it is told. */
abstract class StoreFixture {
    static final int UNIT = 64;
    static final int BYTES = 50;
    static final Owner A = new Owner(TENANT, "a");
    static final Owner B = new Owner(TENANT, "b");
    static final StoreSettings SETTINGS = new StoreSettings(
            new HostSettings(UNIT, .8, .9, .5, .3, 3_000),
            new WriteSettings(
                    20 * BYTES,
                    4,
                    1_000,
                    2,
                    3,
                    Duration.ofMillis(100),
                    Duration.ofSeconds(10),
                    Duration.ofHours(1),
                    1_000),
            new LoadSettings(8, 3, 2));

    final MemorySegment memory = Arena.ofAuto().allocate(100 * UNIT);
    final InMemoryRemoteTier remote = new InMemoryRemoteTier();
    final InMemorySalts salts = new InMemorySalts(1);
    final ManualClock clock = new ManualClock();
    final BlockSealer sealer =
            new BlockSealer(new TenantKeys(TierTestValues.masters(), salts, clock), TierTestValues.random(2));
    final ArrayDeque<Runnable> jobs = new ArrayDeque<>();
    boolean executorHolds;
    boolean executorRejects;
    TieredKvStore store = newStore();

    TieredKvStore newStore() {
        return new TieredKvStore(SETTINGS, new TieredKvStore.Parts(memory, remote, sealer, this::execute, clock));
    }

    void execute(Runnable job) {
        if (executorRejects) {
            throw new RejectedExecutionException("told to");
        }
        if (executorHolds) {
            jobs.add(job);
        } else {
            job.run();
        }
    }

    void runJobs() {
        while (!jobs.isEmpty()) {
            jobs.removeFirst().run();
        }
    }

    @AfterEach
    void allIsSound() {
        assertThat(store.violations()).isEmpty();
    }

    int put(Owner owner, TierKey... keys) {
        return store.put(
                owner,
                List.of(keys).stream()
                        .map(key -> TierTestValues.value(key, 0, BYTES))
                        .toList());
    }

    void prefetch(Owner owner, LoadPriority priority, TierKey... keys) {
        store.prefetch(
                owner,
                priority,
                List.of(keys).stream().map(key -> new Wanted(name(key), 0)).toList());
    }

    void turns(int count) {
        for (int i = 0; i < count; i++) {
            store.drainCompleted();
        }
    }

    long writes(WriteEvent event) {
        return store.stats().writes().getOrDefault(event, -1L);
    }

    long refusals(RefusalReason reason) {
        return store.stats().refusals().getOrDefault(reason, -1L);
    }

    void assertReads(TierKey key) {
        byte[] target = new byte[BYTES];
        try (HostPin pin = store.pin(key, A).orElseThrow()) {
            assertThat(pin.bytes()).isEqualTo(BYTES);
            assertThat(pin.read(MemorySegment.ofArray(target))).isTrue();
        }
        assertThat(target).isEqualTo(payload(key, BYTES));
    }

    /** Values that only the remote tier has. */
    void persistAndForget(TierKey... keys) {
        put(A, keys);
        turns(4);
        assertThat(remote.values).containsKeys(keys);
        store = newStore();
    }
}
