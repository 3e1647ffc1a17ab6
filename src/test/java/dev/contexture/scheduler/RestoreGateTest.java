package dev.contexture.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.SamplingParams;
import dev.contexture.core.Sparsity;
import dev.contexture.kv.tier.Scope;
import dev.contexture.kv.tier.TierUse;
import dev.contexture.scheduler.RecordingSink.Manner;
import dev.contexture.scheduler.RestoreReport.Choice;
import dev.contexture.scheduler.TrafficListener.RestoreEnd;
import dev.contexture.testing.FakeModel;
import dev.contexture.testing.HeapBlockStore;
import dev.contexture.testing.SlowBlockStore;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Stored blocks are loaded where that is quicker than computing, and no time to speak of is lost where it is not. */
class RestoreGateTest {
    private static final SchedulerConfig CONFIG = new SchedulerConfig(24, 5, 20, 2_000, 120);
    private static final int[] PROMPT =
            IntStream.range(0, 100).map(i -> i * i % 90).toArray();

    /** Estimates as a test wants them. */
    private record Fixed(long loadNanos, long nanosPerToken) implements Estimates {
        @Override
        public long loadNanos(long hostBytes, long remoteBytes) {
            return remoteBytes == 0 ? 0 : loadNanos;
        }

        @Override
        public long computeNanos(int from, int to) {
            return (to - from) * nanosPerToken;
        }
    }

    private static RecordingSink run(LoopFixture fixture) {
        RecordingSink sink = new RecordingSink(Manner.PLAIN);
        TierUse use = new TierUse(new Scope("0".repeat(32), "0".repeat(16)), "", "", 0);
        fixture.loop.submit(List.of(new SequenceRequest(
                PROMPT, 3, Set.of(), SamplingParams.GREEDY, "", "", Sparsity.DENSE, Optional.of(use), sink)));
        fixture.turnUntilIdle();
        assertThat(sink.tokens.stream().mapToInt(Integer::intValue).toArray()).isEqualTo(FakeModel.generate(PROMPT, 3));
        return sink;
    }

    private static SlowBlockStore filled(int turns) {
        SlowBlockStore store = new SlowBlockStore(new HeapBlockStore(), turns);
        run(new LoopFixture(17, CONFIG, Optional.of(store)));
        store.leaveHostMemory();
        return store;
    }

    private static LoopFixture fixture(SlowBlockStore store, RestoreGate gate) {
        LoopFixture fixture = new LoopFixture(17, CONFIG, Optional.of(store));
        fixture.gate = gate;
        return fixture;
    }

    @Test
    void loadsWhatIsQuickerToLoad() {
        LoopFixture fixture = fixture(filled(1), new Fixed(100, 1_000));
        RecordingSink sink = run(fixture);
        assertThat(fixture.restores.plans).extracting(RestoreReport::choice).containsExactly(Choice.WHOLE);
        assertThat(sink.cachedTokens).isGreaterThan(80);
        RestoreReport report = sink.restore.orElseThrow();
        assertThat(report.remoteTokens()).isPositive();
        assertThat(report.hostTokens() + report.remoteTokens()).isEqualTo(sink.cachedTokens);
    }

    @Test
    void computesWhatIsQuickerToCompute() {
        SlowBlockStore store = filled(1);
        LoopFixture fixture = fixture(store, new Fixed(1_000_000, 1_000));
        RecordingSink sink = run(fixture);
        assertThat(fixture.restores.plans).extracting(RestoreReport::choice).containsExactly(Choice.RECOMPUTE);
        assertThat(sink.cachedTokens).as("what came meanwhile may be used").isLessThan(80);
        assertThat(store.waitedTurns()).as("turns without a step").isZero();
    }

    /** As a device's pool, into which blocks go slowly. */
    private record SlowPool(long stepNanos, long nanosPerToken) implements Estimates {
        @Override
        public long loadNanos(long hostBytes, long remoteBytes) {
            return stepNanos;
        }

        @Override
        public long stepNanos(long hostBytes, long remoteBytes) {
            return stepNanos;
        }

        @Override
        public long computeNanos(int from, int to) {
            return (to - from) * nanosPerToken;
        }
    }

    @Test
    void whatIsInHostMemoryIsLeftThereBehindTheFirstBlockWhereCopyingItTakesLonger() {
        SlowBlockStore store = new SlowBlockStore(new HeapBlockStore(), 1);
        run(new LoopFixture(17, CONFIG, Optional.of(store)));
        LoopFixture slow = fixture(store, new SlowPool(1_000_000, 1));
        assertThat(run(slow).cachedTokens).as("one block").isBetween(1, 16);
        assertThat(slow.restores.plans).extracting(RestoreReport::choice).containsExactly(Choice.RECOMPUTE);
        assertThat(slow.restores.ends).containsOnlyKeys(RestoreEnd.COMPUTED);
        LoopFixture quick = fixture(store, new SlowPool(1, 1_000_000));
        assertThat(run(quick).cachedTokens).isGreaterThan(80);
    }

    /** The estimate was wrong and nothing comes: a small share of what computing takes is lost, not the whole limit. */
    @Test
    void waitsForNothingOnlyForAShareOfWhatComputingTakes() {
        LoopFixture fixture = fixture(filled(1_000_000), new Fixed(1, 2));
        RecordingSink sink = run(fixture);
        assertThat(fixture.restores.ends).containsOnlyKeys(RestoreEnd.LATE);
        assertThat(sink.cachedTokens).isZero();
        assertThat(fixture.restores.lastRestoreNanos).isBetween(1L, 40L);
    }

    @Test
    void whatCameSavesTimeToWaitForMore() {
        Patience patience = new Patience(1_000, 500);
        assertThat(patience.outlasts(60)).isTrue();
        assertThat(patience.outlasts(61)).isFalse();
        patience.waited(60);
        assertThat(patience.outlasts(1)).isFalse();
        patience.saved(600);
        assertThat(patience.outlasts(500)).isTrue();
        assertThat(patience.outlasts(501)).as("one block's limit").isFalse();
        assertThat(Patience.none().outlasts(1)).isFalse();
    }
}
