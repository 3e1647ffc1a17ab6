package dev.contexture.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.FinishReason;
import dev.contexture.core.SamplingParams;
import dev.contexture.core.Sparsity;
import dev.contexture.engine.StepMemory;
import dev.contexture.engine.StepPlan;
import dev.contexture.kv.KvCache;
import dev.contexture.kv.SlotRequest;
import dev.contexture.kv.tier.Scope;
import dev.contexture.kv.tier.TierUse;
import dev.contexture.scheduler.RecordingSink.Manner;
import dev.contexture.scheduler.TrafficListener.RestoreEnd;
import dev.contexture.testing.FakeModel;
import dev.contexture.testing.FlakyBlockStore;
import dev.contexture.testing.HeapBlockStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Blocks that left the pool come back as they were, or not at all. */
class TierTrafficTest {
    private static final SchedulerConfig CONFIG = new SchedulerConfig(24, 5, 20, 2_000, 120);

    /** A sequence and what must become of it. */
    private record Taken(int[] prompt, int maxTokens, RecordingSink sink) {}

    private final List<Taken> taken = new ArrayList<>();

    private static TierUse use(int tenant) {
        return new TierUse(new Scope(String.format("%032x", tenant), "0123456789abcdef"), "", "", 0);
    }

    private void submit(LoopFixture fixture, int[] prompt, int maxTokens, int tenant, Manner manner) {
        submit(fixture, prompt, maxTokens, use(tenant), manner);
    }

    private void submit(LoopFixture fixture, int[] prompt, int maxTokens, TierUse use, Manner manner) {
        RecordingSink sink = new RecordingSink(manner);
        SequenceRequest request = new SequenceRequest(
                prompt,
                maxTokens,
                Set.of(),
                SamplingParams.GREEDY,
                "tenant " + use.scope().namespace(),
                "salt " + use.scope().namespace(),
                Sparsity.DENSE,
                Optional.of(use),
                sink);
        try {
            fixture.loop.submit(List.of(request));
            taken.add(new Taken(prompt, maxTokens, sink));
        } catch (QueueFullException e) {
            assertThat(e.retryAfter()).isPositive();
        }
    }

    private static int[] prompt(int family, int length, Random random) {
        int[] prompt = new int[length];
        Arrays.setAll(prompt, i -> i < 64 ? (family * 7 + i * i) % 90 : random.nextInt(FakeModel.VOCABULARY));
        return prompt;
    }

    /** A pool of a few sequences and a store that fails in all ways: every output is still the model's. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void outputsAreTheSameWhateverTheTiersDo(long seed) {
        Random random = new Random(seed);
        LoopFixture fixture = new LoopFixture(17, CONFIG, Optional.of(new FlakyBlockStore(new Random(seed))));
        for (int i = 0; i < 1_500; i++) {
            if (random.nextInt(6) == 0) {
                int family = random.nextInt(6);
                submit(
                        fixture,
                        prompt(family, 2 + random.nextInt(90), random),
                        1 + random.nextInt(20),
                        family % 2,
                        random.nextInt(4) > 0 ? Manner.PLAIN : Manner.STOPS_AT_THIRD_TOKEN);
            }
            fixture.turn();
        }
        fixture.turnUntilIdle();
        for (Taken each : taken) {
            assertThat(each.sink.ends).isEqualTo(1);
            assertThat(each.sink.failure).isNull();
            int[] expected = FakeModel.generate(each.prompt, each.maxTokens);
            int[] got = each.sink.tokens.stream().mapToInt(Integer::intValue).toArray();
            assertThat(got).isEqualTo(Arrays.copyOf(expected, got.length));
            if (each.sink.reason == FinishReason.LENGTH) {
                assertThat(got).hasSize(each.maxTokens);
            }
        }
        assertThat(fixture.kv.stats().usedPages()).isZero();
        assertThat(fixture.restores.restoredTokens).isGreaterThan(200);
        assertThat(fixture.restores.storedBlocks).isGreaterThan(100);
        assertThat(fixture.restores.ends.keySet())
                .contains(RestoreEnd.COMPLETE, RestoreEnd.MISS, RestoreEnd.UNAVAILABLE, RestoreEnd.REFUSED);
    }

    /** A device whose layers leave: of so many pages only the first can be given at once. */
    private static final class GrowingMemory implements StepMemory {
        private final KvCache kv;
        private final int most;
        private int limit;
        private int madeRoom;

        GrowingMemory(KvCache kv, int limit, int most) {
            this.kv = kv;
            this.limit = limit;
            this.most = most;
            kv.limitPages(limit, most);
        }

        @Override
        public void before(StepPlan plan) {
            grow(plan.sequences().stream().map(StepPlan.SequenceStep::tokens).toList());
        }

        @Override
        public void after() {}

        @Override
        public void makeRoom(SlotRequest brought) {
            madeRoom++;
            grow(List.of(brought));
        }

        private void grow(List<SlotRequest> requests) {
            if (kv.pagesBehind(requests) > limit) {
                limit = kv.pagesBehind(requests);
                kv.limitPages(limit, most);
            }
        }
    }

    @Test
    void aRestoreHasRoomMadeForItsPages() {
        LoopFixture fixture = new LoopFixture(40, CONFIG, Optional.of(new HeapBlockStore()));
        GrowingMemory memory = new GrowingMemory(fixture.kv, 17, 40);
        fixture.memory = memory;
        Random random = new Random(3);
        int[] wanted = prompt(1, 80, random);
        submit(fixture, wanted, 2, 0, Manner.PLAIN);
        fixture.turnUntilIdle();
        for (int family = 10; family < 14; family++) {
            submit(fixture, prompt(family, 110, random), 2, 0, Manner.PLAIN);
            fixture.turnUntilIdle();
        }
        submit(fixture, prompt(20, 90, random), 20, 0, Manner.PLAIN);
        for (int turn = 0; turn < 8; turn++) {
            fixture.turn();
        }
        assertThat(memory.limit).isEqualTo(17);
        assertThat(memory.madeRoom).isZero();
        submit(fixture, wanted, 2, 0, Manner.PLAIN);
        fixture.turnUntilIdle();
        assertThat(memory.madeRoom).isPositive();
        assertThat(fixture.restores.restoredTokens).isGreaterThan(60);
        for (Taken each : taken) {
            assertThat(each.sink.tokens.stream().mapToInt(Integer::intValue).toArray())
                    .isEqualTo(FakeModel.generate(each.prompt, each.maxTokens));
        }
    }

    @Test
    void whatASessionLeftAndWasNotStoredIsKnown() {
        LoopFixture fixture = new LoopFixture(17, CONFIG, Optional.of(new HeapBlockStore()));
        TierTraffic traffic = (TierTraffic) fixture.traffic;
        TierUse first = new TierUse(use(1).scope(), "ses_1", "", 0);
        TierUse second = new TierUse(use(1).scope(), "ses_2", "", 0);
        Random random = new Random(3);
        int[] prompt = prompt(1, 110, random);
        submit(fixture, prompt, 2, first, Manner.PLAIN);
        fixture.turnUntilIdle();
        assertThat(traffic.hasLost(first.owner())).isFalse();
        submit(fixture, prompt(2, 110, random), 2, first, Manner.PLAIN);
        submit(fixture, prompt(3, 110, random), 2, second, Manner.PLAIN); // takes the pages at once
        fixture.turnUntilIdle();
        assertThat(traffic.hasLost(first.owner())).isTrue();
        assertThat(traffic.hasLost(second.owner())).isFalse();
        submit(fixture, prompt, 2, first, Manner.PLAIN);
        fixture.turnUntilIdle();
        assertThat(traffic.hasLost(first.owner())).as("its last turn's").isFalse();
    }

    /** The second time nothing but the last tokens is computed, although the pool has forgotten the prompt. */
    @Test
    void aPromptThatThePoolForgotComesBack() {
        LoopFixture fixture = new LoopFixture(17, CONFIG, Optional.of(new HeapBlockStore()));
        Random random = new Random(3);
        int[] wanted = prompt(1, 80, random);
        submit(fixture, wanted, 2, 0, Manner.PLAIN);
        fixture.turnUntilIdle();
        for (int family = 10; family < 14; family++) {
            submit(fixture, prompt(family, 110, random), 2, 0, Manner.PLAIN);
            fixture.turnUntilIdle();
        }
        assertThat(fixture.restores.restoredTokens).isZero();
        submit(fixture, wanted, 2, 0, Manner.PLAIN);
        fixture.turnUntilIdle();
        assertThat(fixture.restores.restoredTokens).isGreaterThan(60);
        assertThat(taken.getLast().sink.cachedTokens).isGreaterThan(60);
        submit(fixture, wanted, 2, 1, Manner.PLAIN);
        fixture.turnUntilIdle();
        assertThat(taken.getLast().sink.cachedTokens).as("another tenant's").isZero();
    }
}
