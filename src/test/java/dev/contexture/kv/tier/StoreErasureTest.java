package dev.contexture.kv.tier;

import static dev.contexture.kv.tier.TierTestValues.TENANT;
import static dev.contexture.kv.tier.TierTestValues.key;
import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.kv.tier.LoadResult.Outcome;
import dev.contexture.kv.tier.TierStats.RemovalEvent;
import dev.contexture.kv.tier.TierStats.WriteEvent;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Erased means gone: here, in the remote tier, and for whoever kept a copy. */
class StoreErasureTest extends StoreFixture {
    @Test
    void whatWasErasedIsGoneWhenTheProcessEnds() {
        TierKey[] keys = new TierKey[12];
        for (int i = 0; i < keys.length; i++) {
            keys[i] = key(i);
            put(A, key(i));
            turns(4);
        }
        assertThat(remote.values).isNotEmpty();
        store.erase(A, List.of(keys));
        assertThat(store.flush(Duration.ofSeconds(5))).isZero();
        assertThat(remote.values).isEmpty();
    }

    @Test
    void anErasedSessionIsGoneEverywhereEvenIfItWasBeingWritten() {
        put(A, key(1));
        turns(2);
        put(B, key(2));
        put(A, key(2), key(3));
        remote.holding = true;
        turns(1);
        store.erase(A, List.of(key(1), key(9)));
        assertThat(store.lookup(key(3))).isEqualTo(TierLookup.MISS);
        assertThat(store.lookup(key(2))).isEqualTo(TierLookup.HIT);
        prefetch(A, LoadPriority.NOW, key(1));
        assertThat(store.drainCompleted()).containsExactly(new LoadResult(key(1), Outcome.MISSING));
        remote.holding = false;
        remote.answerAll();
        turns(5);
        assertThat(remote.values).containsOnlyKeys(key(2));
        assertThat(store.persisted(A)).isEqualTo(PersistedState.NOTHING_MISSING);
        assertThat(store.stats().queues().removals()).isZero();
    }

    @Test
    void anErasedSessionsLoadsComeToNothing() {
        persistAndForget(key(1), key(2));
        remote.holding = true;
        prefetch(A, LoadPriority.NOW, key(1), key(2));
        prefetch(B, LoadPriority.NOW, key(2));
        turns(1);
        store.erase(A, List.of(key(1)));
        remote.holding = false;
        remote.answerAll();
        assertThat(store.drainCompleted()).containsExactly(new LoadResult(key(2), Outcome.FOUND));
        turns(2);
        assertThat(store.lookup(key(1))).isEqualTo(TierLookup.MISS);
        assertThat(remote.values).containsOnlyKeys(key(2));
        assertThat(store.usage(A)).isEqualTo(TierStats.Usage.NONE);
    }

    @Test
    void whatIsPutAgainAfterItsErasureStays() {
        put(A, key(1));
        turns(2);
        store.erase(A, List.of());
        put(A, key(1));
        turns(3);
        assertThat(remote.values).containsOnlyKeys(key(1));
        remote.holding = true;
        store.erase(A, List.of());
        turns(1);
        put(A, key(1));
        turns(1);
        assertThat(remote.stores).as("waits for the removal").hasSize(2);
        remote.holding = false;
        remote.answerAll();
        turns(2);
        assertThat(remote.values).containsOnlyKeys(key(1));
        assertThat(store.persisted(A).persisted()).isTrue();
    }

    @Test
    void removalsAreTriedAgainAndGivenUpInTheEnd() {
        put(A, key(1));
        turns(2);
        remote.failures = 5;
        store.erase(A, List.of());
        for (int i = 0; i < 8; i++) {
            turns(2);
            clock.advance(Duration.ofSeconds(4));
        }
        assertThat(store.stats().removals())
                .containsEntry(RemovalEvent.RETRIED, 4L)
                .containsEntry(RemovalEvent.GIVEN_UP, 1L);
        store.erase(A, List.of(key(1)));
        turns(2);
        assertThat(store.stats().removals()).containsEntry(RemovalEvent.REMOVED, 1L);
        assertThat(remote.values).isEmpty();
    }

    @Test
    void anErasedTenantsValuesOpenNeverAgain() {
        Owner other = new Owner(TierTestValues.OTHER_TENANT, "a");
        TierKey others =
                new TierKey(new Scope(TierTestValues.OTHER_TENANT, TierTestValues.FINGERPRINT), 1, 2, BlockPart.INDEX);
        put(A, key(1));
        put(other, others);
        turns(2);
        CompletableFuture<Boolean> erased = store.eraseNamespace(TENANT).toCompletableFuture();
        assertThat(store.lookup(key(1))).isEqualTo(TierLookup.MISS);
        assertThat(store.lookup(others)).isEqualTo(TierLookup.HIT);
        turns(1);
        assertThat(erased).isCompletedWithValue(true);
        assertThat(remote.values).containsKey(key(1));
        prefetch(A, LoadPriority.NOW, key(1));
        store.drainCompleted();
        assertThat(store.drainCompleted()).containsExactly(new LoadResult(key(1), Outcome.REFUSED));
        assertThat(refusals(RefusalReason.ERASED)).isEqualTo(1);
        put(A, key(1));
        turns(2);
        assertThat(store.persisted(A).persisted()).isTrue();
    }

    @Test
    void aSaltGoesOnlyWhenNothingOfItsTenantIsUnderWay() {
        executorHolds = true;
        put(A, key(1));
        turns(1);
        CompletableFuture<Boolean> erased = store.eraseNamespace(TENANT).toCompletableFuture();
        assertThat(put(A, key(2))).as("nothing is kept meanwhile").isEqualTo(1);
        prefetch(A, LoadPriority.NOW, key(1));
        assertThat(store.drainCompleted()).containsExactly(new LoadResult(key(1), Outcome.MISSING));
        assertThat(jobs).as("sealing only").hasSize(1);
        runJobs();
        turns(1);
        assertThat(jobs).as("the salt").hasSize(1);
        assertThat(erased).isNotDone();
        runJobs();
        turns(1);
        assertThat(erased).isCompletedWithValue(true);
        assertThat(salts.find(TENANT)).isInstanceOf(TenantSalts.Salt.Absent.class);
        assertThat(put(A, key(2))).isZero();
        executorHolds = false;
    }

    @Test
    void aSaltThatCannotBeErasedIsReported() {
        salts.setAway(true);
        CompletableFuture<Boolean> erased = store.eraseNamespace(TENANT).toCompletableFuture();
        turns(1);
        assertThat(erased).isCompletedWithValue(false);
    }

    @Test
    void anExecutorThatTakesNothingIsLikeATierThatIsAway() {
        persistAndForget(key(1));
        executorRejects = true;
        put(A, key(2));
        prefetch(A, LoadPriority.NOW, key(1));
        store.drainCompleted();
        assertThat(store.drainCompleted()).containsExactly(new LoadResult(key(1), Outcome.UNAVAILABLE));
        assertThat(writes(WriteEvent.RETRIED)).isEqualTo(1);
        executorRejects = false;
        clock.advance(Duration.ofSeconds(1));
        turns(2);
        assertThat(store.persisted(A).persisted()).isTrue();
    }

    @Test
    void aSaltThatIsAwayDelaysWritesAndLoads() {
        persistAndForget(key(1));
        clock.advance(Duration.ofMinutes(2));
        salts.setAway(true);
        put(A, key(2));
        prefetch(A, LoadPriority.NOW, key(1));
        store.drainCompleted();
        assertThat(store.drainCompleted()).containsExactly(new LoadResult(key(1), Outcome.UNAVAILABLE));
        assertThat(store.persisted(A)).isEqualTo(new PersistedState(1, 0, false));
        salts.setAway(false);
        turns(3);
        assertThat(store.persisted(A).persisted()).isTrue();
    }
}
