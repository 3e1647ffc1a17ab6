package dev.contexture.kv.tier;

import static dev.contexture.kv.tier.TierTestValues.TENANT;
import static dev.contexture.kv.tier.TierTestValues.key;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.contexture.kv.tier.LoadResult.Outcome;
import dev.contexture.kv.tier.TierStats.Direction;
import dev.contexture.kv.tier.TierStats.WriteEvent;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class TieredKvStoreTest extends StoreFixture {
    @Test
    void whatIsPutIsThereAtOnceAndWrittenBehind() {
        assertThat(store.lookup(key(1))).isEqualTo(TierLookup.MISS);
        assertThat(put(A, key(1), key(2))).isZero();
        assertThat(store.lookup(key(1))).isEqualTo(TierLookup.HIT);
        assertReads(key(1));
        assertThat(store.persisted(A)).isEqualTo(new PersistedState(2, 0, false));
        assertThat(store.persisted(A).persisted()).isFalse();
        turns(2);
        assertThat(remote.values).containsOnlyKeys(key(1), key(2));
        assertThat(store.persisted(A).persisted()).isTrue();
        TierStats stats = store.stats();
        assertThat(stats.moved().get(Direction.HOST_STORE))
                .extracting("values", "bytes")
                .containsExactly(2L, 100L);
        assertThat(stats.moved().get(Direction.HOST_LOAD))
                .extracting("values", "bytes")
                .containsExactly(1L, 50L);
        assertThat(stats.moved().get(Direction.REMOTE_STORE))
                .extracting("values", "bytes")
                .containsExactly(2L, 2L * (BYTES + StoredHeader.OVERHEAD_BYTES));
        assertThat(stats.tenants()).containsOnly(Map.entry(TENANT, new TierStats.Usage(2 * UNIT, 2)));
        assertThat(store.usage(A)).isEqualTo(new TierStats.Usage(2 * UNIT, 2));
    }

    @Test
    void aSessionComesBackInAnotherProcess() {
        persistAndForget(key(1), key(2));
        assertThat(store.lookup(key(1))).isEqualTo(TierLookup.MISS);
        prefetch(A, LoadPriority.NOW, key(1), key(2), key(3));
        assertThat(store.lookup(key(1))).isEqualTo(TierLookup.PENDING);
        assertThat(store.drainCompleted()).isEmpty();
        assertThat(store.drainCompleted())
                .containsExactly(
                        new LoadResult(key(1), Outcome.FOUND),
                        new LoadResult(key(2), Outcome.FOUND),
                        new LoadResult(key(3), Outcome.MISSING));
        assertReads(key(1));
        assertReads(key(2));
        assertThat(store.persisted(A).persisted()).isTrue();
    }

    @Test
    void batchesAreBoundedAndSoIsWhatIsUnderWay() {
        remote.holding = true;
        for (int i = 0; i < 15; i++) {
            put(A, key(i));
        }
        turns(5);
        assertThat(remote.stores).extracting(List::size).containsExactly(4, 4);
        remote.answerAll();
        turns(1);
        assertThat(remote.stores).extracting(List::size).containsExactly(4, 4, 4, 3);
        remote.answerAll();
        turns(1);
        assertThat(store.persisted(A).persisted()).isTrue();
    }

    @Test
    void whatExceedsTheQueueIsKeptButNotWritten() {
        remote.holding = true;
        for (int i = 0; i < 25; i++) {
            assertThat(put(A, key(i))).isZero();
        }
        assertThat(store.stats().queues().unwrittenBytes()).isEqualTo(20L * BYTES);
        assertThat(writes(WriteEvent.DROPPED)).isEqualTo(5);
        assertThat(store.persisted(A)).isEqualTo(new PersistedState(20, 5, false));
        remote.holding = false;
        turns(6);
        remote.answerAll();
        turns(6);
        assertThat(store.persisted(A)).isEqualTo(new PersistedState(0, 5, false));
        for (int i = 0; i < 25; i++) {
            put(A, key(i));
        }
        turns(6);
        assertThat(store.persisted(A).persisted()).isTrue();
        assertThat(remote.values).hasSize(25);
    }

    @Test
    void failedWritesAreTriedAgainAfterAPause() {
        remote.failures = 2;
        put(A, key(1));
        turns(10);
        assertThat(remote.stores).hasSize(1);
        clock.advance(Duration.ofMillis(100));
        turns(10);
        assertThat(remote.stores).hasSize(2);
        clock.advance(Duration.ofMillis(100));
        turns(10);
        assertThat(remote.stores).as("the pause doubles").hasSize(2);
        clock.advance(Duration.ofMillis(100));
        turns(2);
        assertThat(store.persisted(A).persisted()).isTrue();
        assertThat(writes(WriteEvent.RETRIED)).isEqualTo(2);
    }

    @Test
    void afterTheLastAttemptAValueIsGivenUpAndCounted() {
        remote.failures = 3;
        put(A, key(1));
        for (int i = 0; i < 6; i++) {
            turns(2);
            clock.advance(Duration.ofSeconds(1));
        }
        assertThat(remote.stores).hasSize(3);
        assertThat(writes(WriteEvent.FAILED)).isEqualTo(1);
        assertThat(store.persisted(A)).isEqualTo(new PersistedState(0, 1, false));
        assertReads(key(1));
    }

    @Test
    void aFullTierIsNotAskedAgainForTheSameValue() {
        remote.full = true;
        put(A, key(1));
        turns(4);
        assertThat(remote.stores).hasSize(1);
        assertThat(writes(WriteEvent.FULL)).isEqualTo(1);
        assertThat(store.persisted(A).persisted()).isFalse();
    }

    @Test
    void duringAnOutageValuesWaitUntilTheirTimeIsUp() {
        remote.state = RemoteTier.State.UNAVAILABLE;
        put(A, key(1));
        turns(3);
        assertThat(remote.stores).isEmpty();
        assertThat(store.lookup(key(9))).isEqualTo(TierLookup.UNAVAILABLE);
        prefetch(A, LoadPriority.NOW, key(9));
        assertThat(store.drainCompleted()).containsExactly(new LoadResult(key(9), Outcome.UNAVAILABLE));
        clock.advance(Duration.ofSeconds(9));
        turns(1);
        assertThat(store.persisted(A)).isEqualTo(new PersistedState(1, 0, false));
        clock.advance(Duration.ofSeconds(2));
        turns(1);
        assertThat(store.persisted(A)).isEqualTo(new PersistedState(0, 1, false));
        assertThat(writes(WriteEvent.EXPIRED)).isEqualTo(1);
        remote.state = RemoteTier.State.AVAILABLE;
        put(A, key(1));
        turns(2);
        assertThat(store.persisted(A).persisted()).isTrue();
    }

    @Test
    void aValueIsAskedForOnceAndTheMostUrgentFirst() {
        remote.holding = true;
        prefetch(A, LoadPriority.AHEAD, key(1), key(2), key(3), key(4), key(5), key(6), key(7));
        prefetch(B, LoadPriority.NOW, key(7), key(6));
        prefetch(B, LoadPriority.SOON, key(8));
        turns(3);
        assertThat(remote.loads).containsExactly(List.of(key(7), key(6), key(8)), List.of(key(1), key(2), key(3)));
        prefetch(A, LoadPriority.NOW, key(1), key(7));
        remote.holding = false;
        remote.answerAll();
        assertThat(store.drainCompleted()).hasSize(6);
        assertThat(store.drainCompleted()).hasSize(2);
        assertThat(remote.loads).hasSize(3);
    }

    @Test
    void whatExceedsTheQueueOfLoadsIsAnsweredSo() {
        remote.holding = true;
        for (int i = 0; i < 10; i++) {
            prefetch(A, LoadPriority.SOON, key(i));
        }
        assertThat(store.drainCompleted())
                .containsExactly(new LoadResult(key(8), Outcome.DROPPED), new LoadResult(key(9), Outcome.DROPPED));
    }

    @Test
    void refusedValuesAreCountedByReasonAndNeverKept() {
        persistAndForget(key(1), key(2), key(3));
        ByteBuffer first = Objects.requireNonNull(remote.values.get(key(1)));
        remote.values.put(key(2), first.duplicate());
        remote.values.put(key(3), first.duplicate().limit(20));
        first.put(first.limit() - 1, (byte) (first.get(first.limit() - 1) ^ 1));
        prefetch(A, LoadPriority.NOW, key(1), key(2), key(3));
        store.drainCompleted();
        assertThat(store.drainCompleted()).extracting(LoadResult::outcome).containsOnly(Outcome.REFUSED);
        assertThat(refusals(RefusalReason.TAG)).isEqualTo(1);
        assertThat(refusals(RefusalReason.KEY)).isEqualTo(1);
        assertThat(refusals(RefusalReason.LENGTH)).isEqualTo(1);
        assertThat(store.stats().host().values()).isZero();
        put(A, key(1), key(2), key(3));
        turns(3);
        store = newStore();
        prefetch(A, LoadPriority.NOW, key(1));
        turns(2);
        assertReads(key(1));
    }

    @Test
    void damagedHostMemoryIsNoticedAndTheRemoteCopyUsed() {
        put(A, key(1));
        turns(2);
        memory.set(JAVA_BYTE, 3, (byte) ~memory.get(JAVA_BYTE, 3));
        try (HostPin pin = store.pin(key(1), A).orElseThrow()) {
            assertThat(pin.read(MemorySegment.ofArray(new byte[BYTES]))).isFalse();
        }
        assertThat(refusals(RefusalReason.CHECKSUM)).isEqualTo(1);
        assertThat(store.lookup(key(1))).isEqualTo(TierLookup.MISS);
        prefetch(A, LoadPriority.NOW, key(1));
        turns(2);
        assertReads(key(1));
    }

    @Test
    void damagedHostMemoryIsNotWritten() {
        put(A, key(1));
        memory.set(JAVA_BYTE, 3, (byte) ~memory.get(JAVA_BYTE, 3));
        turns(3);
        assertThat(remote.values).isEmpty();
        assertThat(refusals(RefusalReason.CHECKSUM)).isEqualTo(1);
        assertThat(store.lookup(key(1))).isEqualTo(TierLookup.MISS);
        assertThat(store.persisted(A)).isEqualTo(new PersistedState(0, 1, false));
    }

    @Test
    void shutdownWritesWhatItCan() {
        for (int i = 0; i < 20; i++) {
            put(A, key(i));
        }
        remote.failures = 1;
        assertThat(store.flush(Duration.ofSeconds(5))).isZero();
        assertThat(remote.values).hasSize(20);
    }

    @Test
    void shutdownWaitsNoLongerThanItMay() {
        put(A, key(1), key(2));
        remote.state = RemoteTier.State.UNAVAILABLE;
        assertThat(store.flush(Duration.ofNanos(10_000))).isEqualTo(2);
        assertThat(store.persisted(A)).isEqualTo(new PersistedState(0, 2, false));
    }

    @Test
    void aClosedPinIsOfNoUse() {
        put(A, key(1));
        HostPin pin = store.pin(key(1), A).orElseThrow();
        pin.close();
        pin.close();
        assertThatIllegalStateException()
                .isThrownBy(() -> pin.read(MemorySegment.ofArray(new byte[BYTES])))
                .withMessageContaining("is closed");
        assertThat(store.pin(key(2), A)).isEmpty();
    }

    @Test
    void nobodyOwnsAValueOfAnotherTenant() {
        Owner other = new Owner(TierTestValues.OTHER_TENANT, "a");
        put(A, key(1));
        assertThatIllegalArgumentException().isThrownBy(() -> put(other, key(2)));
        assertThatIllegalArgumentException().isThrownBy(() -> store.pin(key(1), other));
        assertThatIllegalArgumentException().isThrownBy(() -> prefetch(other, LoadPriority.NOW, key(1)));
        assertThatIllegalArgumentException().isThrownBy(() -> store.erase(other, List.of(key(1))));
    }
}
