package dev.contexture.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.KvDtype;
import dev.contexture.core.KvGeometry;
import dev.contexture.core.SamplingParams;
import dev.contexture.core.SelectionRule;
import dev.contexture.core.Sparsity;
import dev.contexture.engine.Engine;
import dev.contexture.engine.SelectionListener;
import dev.contexture.engine.SelectionStage;
import dev.contexture.engine.SparseSelection;
import dev.contexture.engine.StepMemory;
import dev.contexture.engine.StepPlan;
import dev.contexture.kv.BlockCutter;
import dev.contexture.kv.BlockLocation;
import dev.contexture.kv.KvCache;
import dev.contexture.kv.KvInvariants;
import dev.contexture.kv.SlotRequest;
import dev.contexture.kv.tier.BlockPart;
import dev.contexture.kv.tier.BlockStore;
import dev.contexture.retrieval.HeadRetriever;
import dev.contexture.selection.SelectionSettings;
import dev.contexture.testing.FakeBlockCoder;
import dev.contexture.testing.FakeHead;
import dev.contexture.testing.FakeKvPool;
import dev.contexture.testing.FakeModelRunner;
import dev.contexture.testing.VaryingCutter;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Executor;

/** The real loop, scheduler, engine and KV cache over a model that costs nothing; turned by hand. */
final class LoopFixture {
    static final int PAGE_TOKENS = 8;

    /** Few bytes a turn, and a wait that some restores outlast. */
    private static final TrafficSettings TRAFFIC =
            new TrafficSettings(96, 1_000_000, 1, 3, 60, 40, TrafficSettings.Partial.NONE);

    final CountingListener listener = new CountingListener();
    final RestoreCounts restores = new RestoreCounts();
    final FakeKvPool pool;
    final KvCache kv;
    final FakeModelRunner runner;
    final SchedulerLoop loop;
    final BlockTraffic traffic;
    /** Token streams that were cut into blocks from their beginning. */
    int cuts;

    /** What is stored is always worth waiting for, until a test says otherwise. */
    RestoreGate gate = RestoreGate.OPEN;

    /** Room is what it is, until a test says otherwise. */
    StepMemory memory = StepMemory.FIXED;

    final RestoreAudit audit;

    /** Calls sinks at once, until a test says otherwise. */
    Executor delivery = Runnable::run;

    private long nowNanos = 1;

    /** With nothing below the pool. */
    LoopFixture(int pages, SchedulerConfig config) {
        this(pages, config, Optional.empty());
    }

    LoopFixture(int pages, SchedulerConfig config, Optional<BlockStore> store) {
        this(pages, config, store, Optional.empty(), TRAFFIC);
    }

    /** With sparse decoding where there is a head. */
    LoopFixture(
            int pages,
            SchedulerConfig config,
            Optional<BlockStore> store,
            Optional<FakeHead> head,
            TrafficSettings settings) {
        this.pool = new FakeKvPool(pages, PAGE_TOKENS);
        this.kv = new KvCache(
                new KvGeometry(1, 1, 2, PAGE_TOKENS, KvDtype.F16), pages, this::newCutter, (from, to, count) -> {
                    pool.copyPage(from, to, count);
                    head.ifPresent(keys -> keys.copyPage(from, to, count));
                });
        this.audit = new RestoreAudit(new RestoreAudit.Settings(3, 0.01), this::tokens, new Random(5));
        this.runner = new FakeModelRunner(pool, head.isPresent() ? FakeHead.FEATURES : 0);
        Engine engine = head.map(this::sparseEngine)
                .orElseGet(() -> new Engine(
                        kv, pool, runner, SelectionStage.DENSE, new DelegatingMemory(), runner.vocabularySize()));
        this.traffic = store.<BlockTraffic>map(tiers -> new TierTraffic(new TrafficTools(
                        kv,
                        new DelegatingMemory(),
                        tiers,
                        new FakeBlockCoder(pool, head),
                        Arena.ofAuto().allocate(FakeBlockCoder.MOST_BYTES),
                        settings,
                        new DelegatingGate(),
                        audit,
                        restores,
                        () -> nowNanos++)))
                .orElse(BlockTraffic.NONE);
        this.loop = new SchedulerLoop(
                kv, engine, config, listener, traffic, () -> nowNanos++, () -> 42L, told -> delivery.execute(told));
    }

    private float[] tokens(BlockLocation block, BlockPart.Rows part) {
        float[] tokens = new float[block.tokens()];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = (block.first() + i) % 2 == part.kvHead() ? pool.token(block, i) : 0;
        }
        return tokens;
    }

    private final class DelegatingMemory implements StepMemory {
        @Override
        public void before(StepPlan plan) {
            memory.before(plan);
        }

        @Override
        public void after() {
            memory.after();
        }

        @Override
        public void makeRoom(SlotRequest brought) {
            memory.makeRoom(brought);
        }
    }

    private final class DelegatingGate implements RestoreGate {
        @Override
        public long loadNanos(long hostBytes, long remoteBytes) {
            return gate.loadNanos(hostBytes, remoteBytes);
        }

        @Override
        public long stepNanos(long hostBytes, long remoteBytes) {
            return gate.stepNanos(hostBytes, remoteBytes);
        }

        @Override
        public long computeNanos(int from, int to) {
            return gate.computeNanos(from, to);
        }

        @Override
        public long rowNanos() {
            return gate.rowNanos();
        }

        @Override
        public void moved(long bytes, long nanos) {
            gate.moved(bytes, nanos);
        }

        @Override
        public void restored(long bytes, long nanos) {
            gate.restored(bytes, nanos);
        }

        @Override
        public void computed(int from, int tokens, long nanos) {
            gate.computed(from, tokens, nanos);
        }
    }

    private Engine sparseEngine(FakeHead head) {
        SparseSelection selection = new SparseSelection(
                new HeadRetriever(FakeHead.FEATURES, List.of(0), head, head),
                kv,
                pool,
                SelectionSettings.DEFAULT,
                SelectionRule.Unit.TOKENS,
                SelectionListener.NONE,
                () -> nowNanos++);
        return new Engine(kv, pool, runner, selection, runner.vocabularySize());
    }

    private BlockCutter newCutter() {
        cuts++;
        return new VaryingCutter();
    }

    static SequenceRequest request(int[] prompt, int maxTokens, String tenant, TokenSink sink) {
        return new SequenceRequest(
                prompt, maxTokens, Set.of(), SamplingParams.GREEDY, tenant, tenant, Sparsity.DENSE, sink);
    }

    /** What moved. */
    static final class RestoreCounts implements TrafficListener {
        final Map<RestoreEnd, Integer> ends = new EnumMap<>(RestoreEnd.class);
        final List<RestoreReport> plans = new ArrayList<>();
        int restoredTokens;
        long lastRestoreNanos;
        int storedBlocks;
        int goneBlocks;
        int broughtParts;
        int audits;
        int breaches;

        @Override
        public void planned(RestoreReport plan) {
            plans.add(plan);
        }

        @Override
        public void restored(int tokens, long bytes, long nanos, RestoreEnd end) {
            restoredTokens += tokens;
            lastRestoreNanos = nanos;
            ends.merge(end, 1, Integer::sum);
        }

        @Override
        public void stored(int blocks, long bytes, long nanos) {
            storedBlocks += blocks;
        }

        @Override
        public void audited(double difference, boolean breached) {
            audits++;
            breaches += breached ? 1 : 0;
        }

        @Override
        public void auditDropped() {}

        @Override
        public void brought(int parts, long bytes, long nanos) {
            broughtParts += parts;
        }

        @Override
        public void gone(int blocks) {
            goneBlocks += blocks;
        }
    }

    void turn() {
        loop.turn();
        assertThat(KvInvariants.check(kv.snapshot())).isEmpty();
    }

    /** Turns until nothing is left; a bound that no sound loop reaches. */
    void turnUntilIdle() {
        int turns = 0;
        while (loop.turn() || !loop.isIdle()) {
            assertThat(KvInvariants.check(kv.snapshot())).isEmpty();
            assertThat(++turns).as("turns until idle").isLessThan(100_000);
        }
    }
}
