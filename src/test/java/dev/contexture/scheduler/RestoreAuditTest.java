package dev.contexture.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.SamplingParams;
import dev.contexture.core.Sparsity;
import dev.contexture.kv.tier.BlockStore;
import dev.contexture.kv.tier.LoadPriority;
import dev.contexture.kv.tier.NewValue;
import dev.contexture.kv.tier.Owner;
import dev.contexture.kv.tier.Scope;
import dev.contexture.kv.tier.TierKey;
import dev.contexture.kv.tier.TierLookup;
import dev.contexture.kv.tier.TierUse;
import dev.contexture.kv.tier.Wanted;
import dev.contexture.scheduler.RecordingSink.Manner;
import dev.contexture.testing.HeapBlockStore;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Blocks that come back are computed again now and then; what differs ends all storing. */
class RestoreAuditTest {
    private static final SchedulerConfig CONFIG = new SchedulerConfig(24, 5, 20, 2_000, 120);
    private static final int PROMPTS = 40;

    /** Gives back other numbers than it was given, without a word. */
    private record LyingStore(BlockStore values) implements BlockStore {
        @Override
        public void takeCompleted() {}

        @Override
        public TierLookup lookup(TierKey key) {
            return values.lookup(key);
        }

        @Override
        public boolean isNear(TierKey key) {
            return values.isNear(key);
        }

        @Override
        public void prefetch(Owner owner, LoadPriority priority, List<Wanted> wanted) {}

        @Override
        public boolean read(Owner owner, TierKey key, MemorySegment target) {
            boolean found = values.read(owner, key, target);
            for (long i = 0; found && i < target.byteSize() / Integer.BYTES; i++) {
                int number = target.getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i);
                target.setAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i, number == 0 ? 0 : number + 1);
            }
            return found;
        }

        @Override
        public void put(Owner owner, NewValue value) {
            values.put(owner, value);
        }
    }

    private static RecordingSink run(LoopFixture fixture, int family) {
        RecordingSink sink = new RecordingSink(Manner.PLAIN);
        int[] prompt =
                IntStream.range(0, 90).map(i -> (i * i + 7 * family + 1) % 90).toArray();
        fixture.loop.submit(List.of(new SequenceRequest(
                prompt,
                2,
                Set.of(),
                SamplingParams.GREEDY,
                "",
                "",
                Sparsity.DENSE,
                Optional.of(new TierUse(new Scope("0".repeat(32), "0".repeat(16)), "", "", 0)),
                sink)));
        fixture.turnUntilIdle();
        for (int i = 0; i < 3; i++) {
            fixture.turn();
        }
        return sink;
    }

    /** Each prompt twice: the second time it comes from the store, as the pool is small. */
    private static LoopFixture filled(BlockStore store) {
        LoopFixture fixture = new LoopFixture(17, CONFIG, Optional.of(store));
        for (int family = 0; family < PROMPTS; family++) {
            run(fixture, family);
        }
        return fixture;
    }

    @Test
    void whatIsStoredIsWhatTheModelComputes() {
        LoopFixture fixture = filled(new HeapBlockStore());
        for (int family = 0; family < PROMPTS; family++) {
            run(fixture, family);
        }
        assertThat(fixture.restores.audits).isBetween(3, PROMPTS);
        assertThat(fixture.restores.breaches).isZero();
        assertThat(fixture.kv.stats().usedPages()).isZero();
    }

    @Test
    void aStoreThatLiesIsNotUsedAnyMore() {
        LoopFixture fixture = filled(new LyingStore(new HeapBlockStore()));
        int family = 0;
        while (!fixture.audit.isBreached() && family < PROMPTS) {
            run(fixture, family++);
        }
        assertThat(fixture.restores.breaches).isEqualTo(1);
        int before = fixture.restores.restoredTokens;
        int stored = fixture.restores.storedBlocks;
        for (; family < PROMPTS; family++) {
            assertThat(run(fixture, family).failure).isNull();
        }
        run(fixture, PROMPTS + 1);
        assertThat(fixture.restores.restoredTokens).isEqualTo(before);
        assertThat(fixture.restores.storedBlocks).isEqualTo(stored);
    }
}
