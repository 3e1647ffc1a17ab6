package dev.contexture.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.KvDtype;
import dev.contexture.core.KvGeometry;
import dev.contexture.core.SamplingParams;
import dev.contexture.core.Sparsity;
import dev.contexture.engine.Engine;
import dev.contexture.kv.BlockCutter;
import dev.contexture.kv.KvCache;
import dev.contexture.kv.KvInvariants;
import dev.contexture.testing.FakeKvPool;
import dev.contexture.testing.FakeModelRunner;
import dev.contexture.testing.VaryingCutter;
import java.util.Set;

/** The real loop, scheduler, engine and KV cache over a model that costs nothing; turned by hand. */
final class LoopFixture {
    static final int PAGE_TOKENS = 8;

    final CountingListener listener = new CountingListener();
    final KvCache kv;
    final FakeModelRunner runner;
    final SchedulerLoop loop;
    /** Token streams that were cut into blocks from their beginning. */
    int cuts;

    private long nowNanos = 1;

    LoopFixture(int pages, SchedulerConfig config) {
        FakeKvPool pool = new FakeKvPool(pages, PAGE_TOKENS);
        this.kv =
                new KvCache(new KvGeometry(1, 1, 2, PAGE_TOKENS, KvDtype.F16), pages, this::newCutter, pool::copyPage);
        this.runner = new FakeModelRunner(pool);
        this.loop = new SchedulerLoop(kv, new Engine(kv, pool, runner), config, listener, () -> nowNanos++, () -> 42L);
    }

    private BlockCutter newCutter() {
        cuts++;
        return new VaryingCutter();
    }

    static SequenceRequest request(int[] prompt, int maxTokens, String tenant, TokenSink sink) {
        return new SequenceRequest(
                prompt, maxTokens, Set.of(), SamplingParams.GREEDY, tenant, tenant, Sparsity.DENSE, sink);
    }

    void turn() {
        loop.turn();
        assertThat(KvInvariants.check(kv.snapshot())).isEmpty();
    }

    /** Turns until nothing is left; a bound that no sound loop reaches. */
    void turnUntilIdle() {
        int turns = 0;
        while (loop.turn()) {
            assertThat(KvInvariants.check(kv.snapshot())).isEmpty();
            assertThat(++turns).as("turns until idle").isLessThan(100_000);
        }
    }
}
