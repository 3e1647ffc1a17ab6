package dev.contexture.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.KvDtype;
import dev.contexture.core.KvGeometry;
import dev.contexture.core.SamplingParams;
import dev.contexture.core.SelectionMatrix;
import dev.contexture.core.SelectionRule;
import dev.contexture.core.Sparsity;
import dev.contexture.core.SparsityMode;
import dev.contexture.kv.BlockCutter;
import dev.contexture.kv.KvCache;
import dev.contexture.kv.SlotRequest;
import dev.contexture.kv.StepSlots;
import dev.contexture.retrieval.Observation;
import dev.contexture.retrieval.Retriever;
import dev.contexture.retrieval.SelectionQuery;
import dev.contexture.selection.SelectionSettings;
import dev.contexture.testing.FakeKvPool;
import dev.contexture.testing.FakeModel;
import dev.contexture.testing.FakeModelRunner;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Whose rows are looked at and selected for, over a retriever that does as it is told. */
class SparseSelectionTest {
    private static final int PAGE_TOKENS = 8;
    private static final Sparsity POLICY = new Sparsity(SparsityMode.AUTO, 8, 1, 2, 8);

    private final FakeKvPool pool = new FakeKvPool(64, PAGE_TOKENS);
    private final KvCache kv = new KvCache(
            new KvGeometry(1, 1, 2, PAGE_TOKENS, KvDtype.F16), 64, BlockCutter.fixed(4), pool::copyPage);
    private final ToldRetriever retriever = new ToldRetriever();
    private long nextId = 1;

    /** Remembers what it observed. */
    private static final class ToldRetriever implements Retriever {
        private List<Integer> observed = List.of();

        @Override
        public String name() {
            return "told";
        }

        @Override
        public int[] groupOfLayer() {
            return new int[] {0};
        }

        @Override
        public boolean needsBlocks() {
            return false;
        }

        @Override
        public void prepare(StepSlots slots) {}

        @Override
        public SelectionMatrix select(List<SelectionQuery> queries, StepSlots slots) {
            throw new IllegalStateException("nothing was to be selected");
        }

        @Override
        public void observe(StepSlots slots, List<Observation> all, FloatBuffer features) {
            observed = all.stream().map(Observation::sequence).toList();
        }

        @Override
        public void close() {}
    }

    private Engine engine(SelectionSettings settings) {
        SparseSelection stage = new SparseSelection(
                retriever, kv, pool, settings, SelectionRule.Unit.TOKENS, SelectionListener.NONE, () -> 0L);
        return new Engine(kv, pool, new FakeModelRunner(pool), stage, FakeModel.VOCABULARY);
    }

    private static SelectionSettings settings(double lowMass, int prefillBudget) {
        SelectionSettings usual = SelectionSettings.DEFAULT;
        return new SelectionSettings(
                usual.heads(),
                usual.pooling(),
                0,
                1,
                new SelectionSettings.Confidence(lowMass, 1, 1, 8),
                new SelectionSettings.PrefillBound(prefillBudget, 4));
    }

    /** A sequence and its first tokens. */
    private final class Fed {
        private final long id = nextId++;
        private final SequenceSparsity sparsity;

        private Fed(Engine engine, Sparsity policy) {
            kv.admit(id, new int[] {0}, "salt " + id);
            sparsity = engine.begin(policy);
        }

        private StepPlan.SequenceStep next(int tokens) {
            int[] ids = new int[tokens];
            return new StepPlan.SequenceStep(
                    new SlotRequest(id, ids),
                    Optional.of(new SamplerState(SamplingParams.GREEDY, 0, ids)),
                    Optional.of(sparsity));
        }
    }

    private static void step(Engine engine, StepPlan.SequenceStep... sequences) {
        engine.step(new StepPlan(List.of(sequences)));
    }

    @Test
    void onlySequencesWhoseNextTokenMayChooseAreObserved() {
        Engine engine = engine(settings(0, 0));
        Fed dense = new Fed(engine, Sparsity.DENSE);
        Fed brief = new Fed(engine, POLICY);
        Fed lengthy = new Fed(engine, POLICY);
        step(engine, dense.next(12), brief.next(7), lengthy.next(12));
        assertThat(retriever.observed)
                .as("a row behind seven tokens sees eight, as many as the budget holds")
                .containsExactly(2);
        step(engine, dense.next(1), brief.next(1));
        assertThat(retriever.observed).containsExactly(1);
    }

    @Test
    void chunksThatAreBoundedAreObservedBeforeDecodingIs() {
        Engine engine = engine(settings(0, 4));
        Fed dense = new Fed(engine, Sparsity.DENSE);
        Fed brief = new Fed(engine, POLICY);
        Fed lengthy = new Fed(engine, POLICY);
        step(engine, dense.next(12), brief.next(4), lengthy.next(5));
        assertThat(retriever.observed).containsExactly(2);
    }
}
