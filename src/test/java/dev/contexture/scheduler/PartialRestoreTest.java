package dev.contexture.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.FinishReason;
import dev.contexture.core.SamplingParams;
import dev.contexture.core.Sparsity;
import dev.contexture.core.SparsityMode;
import dev.contexture.kv.tier.BlockStore;
import dev.contexture.kv.tier.Scope;
import dev.contexture.kv.tier.TierUse;
import dev.contexture.scheduler.RecordingSink.Manner;
import dev.contexture.scheduler.TrafficListener.RestoreEnd;
import dev.contexture.testing.FakeHead;
import dev.contexture.testing.FakeKvPool;
import dev.contexture.testing.FlakyBlockStore;
import dev.contexture.testing.HeapBlockStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A session that goes on in an empty pool: whatever a step attends to is there before it runs, and is what was stored. */
class PartialRestoreTest {
    private static final SchedulerConfig CONFIG = new SchedulerConfig(24, 5, 20, 2_000, 160);
    private static final int PAGES = 60;
    private static final int FIRST_TURN_TOKENS = 100;
    private static final int PROMPT_TOKENS = 115;
    private static final int ROW_PARTS = 2;

    private int verified;

    private static int token(int position) {
        return (position * position + 3 * position) % 90;
    }

    private static TrafficSettings traffic(boolean fills, int chunkTokens) {
        return new TrafficSettings(
                96, 1_000_000, 1, 3, 100, 60, new TrafficSettings.Partial(32, 64, chunkTokens, Long.MAX_VALUE, fills));
    }

    /** All prompts are beginnings of one text; outputs are not, so nothing is known of later positions. */
    private LoopFixture fixture(BlockStore store, boolean fills, int chunkTokens, Random random) {
        FakeHead head = new FakeHead(
                PAGES,
                LoopFixture.PAGE_TOKENS,
                random,
                position -> position < FIRST_TURN_TOKENS ? token(position) : -1);
        LoopFixture fixture =
                new LoopFixture(PAGES, CONFIG, Optional.of(store), Optional.of(head), traffic(fills, chunkTokens));
        fixture.pool.check = (sequence, kvHead, position, token) -> {
            if (position < FIRST_TURN_TOKENS && position % 2 == kvHead) {
                assertThat(token).as("token at %d", position).isEqualTo(token(position));
                verified++;
            }
            assertThat(position % 2 == kvHead && token == FakeKvPool.NOTHING)
                    .as("position %d holds nothing", position)
                    .isFalse();
        };
        return fixture;
    }

    private static RecordingSink submit(LoopFixture fixture, int length, int maxTokens, int resumeTokens) {
        RecordingSink sink = new RecordingSink(Manner.PLAIN);
        Scope scope = new Scope("0123456789abcdef0123456789abcdef", "0123456789abcdef");
        fixture.loop.submit(List.of(new SequenceRequest(
                IntStream.range(0, length).map(PartialRestoreTest::token).toArray(),
                maxTokens,
                Set.of(),
                SamplingParams.GREEDY,
                "tenant",
                "salt",
                new Sparsity(SparsityMode.TOKENS, 24, 2, 6, 48),
                Optional.of(new TierUse(scope, "session", "lineage", resumeTokens)),
                sink)));
        return sink;
    }

    private void firstTurn(BlockStore store) {
        LoopFixture fixture = fixture(store, false, 64, new Random(1));
        submit(fixture, FIRST_TURN_TOKENS, 1, 0);
        fixture.turnUntilIdle();
    }

    @Test
    void onlyWhatStepsSelectComesBack() {
        BlockStore store = new HeapBlockStore();
        firstTurn(store);
        verified = 0;
        LoopFixture fixture = fixture(store, false, 64, new Random(2));
        RecordingSink sink = submit(fixture, PROMPT_TOKENS, 3, FIRST_TURN_TOKENS);
        fixture.turnUntilIdle();
        assertThat(sink.reason).isEqualTo(FinishReason.LENGTH);
        assertThat(sink.cachedTokens).isBetween(FIRST_TURN_TOKENS - 40, FIRST_TURN_TOKENS);
        assertThat(fixture.restores.ends).containsOnlyKeys(RestoreEnd.PARTIAL);
        assertThat(fixture.listener.lostBlocks).isZero();
        assertThat(verified).isPositive();
        int blocks = (int) fixture.kv
                .cut(
                        IntStream.range(0, sink.cachedTokens)
                                .map(PartialRestoreTest::token)
                                .toArray(),
                        "")
                .from(0)
                .size();
        assertThat(fixture.restores.broughtParts).isBetween(1, blocks * ROW_PARTS);
    }

    /** Loading costs by the byte, computing a lot; steps of one row what the test says. */
    private record ByBytes(long rowNanos) implements Estimates {
        @Override
        public long loadNanos(long hostBytes, long remoteBytes) {
            return hostBytes + remoteBytes;
        }

        @Override
        public long computeNanos(int from, int to) {
            return (to - from) * 1_000_000L;
        }
    }

    @Test
    void comesWholeWhereRowsOneByOneTakeLongerThanTheBytes() {
        Map<Long, RestoreReport.Choice> expected = Map.of(
                0L, RestoreReport.Choice.PARTIAL,
                1_000_000L, RestoreReport.Choice.PARTIAL,
                5_000_000L, RestoreReport.Choice.WHOLE);
        expected.forEach((rowNanos, choice) -> {
            BlockStore store = new HeapBlockStore();
            firstTurn(store);
            LoopFixture fixture = fixture(store, false, 1, new Random(2));
            fixture.gate = new ByBytes(rowNanos);
            submit(fixture, PROMPT_TOKENS, 3, FIRST_TURN_TOKENS);
            fixture.turnUntilIdle();
            assertThat(fixture.restores.plans)
                    .as("%d ns per row", rowNanos)
                    .extracting(RestoreReport::choice)
                    .containsExactly(choice);
        });
    }

    @Test
    void theRestFollowsOnceTheFirstTokenIsOut() {
        BlockStore store = new HeapBlockStore();
        firstTurn(store);
        LoopFixture fixture = fixture(store, true, 1, new Random(2));
        submit(fixture, PROMPT_TOKENS, 30, FIRST_TURN_TOKENS);
        fixture.turnUntilIdle();
        RecordingSink again = submit(fixture, PROMPT_TOKENS, 1, FIRST_TURN_TOKENS);
        fixture.turnUntilIdle();
        assertThat(again.cachedTokens).as("the pool has the whole prompt now").isGreaterThan(FIRST_TURN_TOKENS - 1);
        assertThat(fixture.restores.ends)
                .as("nothing came from the store any more")
                .containsOnlyKeys(RestoreEnd.PARTIAL);
        assertThat(fixture.restores.ends.get(RestoreEnd.PARTIAL)).isEqualTo(1);
    }

    /** A store that loses, delays and refuses: sequences are computed again, and nothing that is attended to was never written. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void whatIsLostIsComputedAgain(long seed) {
        Random random = new Random(seed);
        BlockStore store = new FlakyBlockStore(new Random(seed));
        List<RecordingSink> sinks = new ArrayList<>();
        int partial = 0;
        int lost = 0;
        for (int round = 0; round < 12; round++) {
            LoopFixture fixture = fixture(store, random.nextBoolean(), 1 + random.nextInt(9), random);
            for (int i = 0; i < 3; i++) {
                sinks.add(submit(fixture, FIRST_TURN_TOKENS, 1 + random.nextInt(3), 0));
                fixture.turnUntilIdle();
                fixture = fixture(store, random.nextBoolean(), 1 + random.nextInt(9), random);
                sinks.add(submit(fixture, PROMPT_TOKENS, 4 + random.nextInt(20), FIRST_TURN_TOKENS));
                sinks.add(submit(fixture, PROMPT_TOKENS, 4 + random.nextInt(20), FIRST_TURN_TOKENS));
                fixture.turnUntilIdle();
                partial += fixture.restores.ends.getOrDefault(RestoreEnd.PARTIAL, 0);
                lost += fixture.listener.lostBlocks;
            }
        }
        assertThat(sinks).allSatisfy(sink -> {
            assertThat(sink.ends).isEqualTo(1);
            assertThat(sink.failure).isNull();
            assertThat(sink.reason).isEqualTo(FinishReason.LENGTH);
        });
        assertThat(partial).isPositive();
        assertThat(lost).isPositive();
    }
}
