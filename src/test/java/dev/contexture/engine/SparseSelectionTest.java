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
import dev.contexture.retrieval.DescriptorRetriever;
import dev.contexture.retrieval.Observation;
import dev.contexture.retrieval.Retriever;
import dev.contexture.retrieval.SelectionQuery;
import dev.contexture.selection.SelectionSettings;
import dev.contexture.testing.FakeDescriptors;
import dev.contexture.testing.FakeKvPool;
import dev.contexture.testing.FakeModel;
import dev.contexture.testing.FakeModelRunner;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Whose rows are looked at, selected for and counted, over a retriever that does as it is told. */
class SparseSelectionTest {
    private static final int PAGE_TOKENS = 8;
    private static final float NOTHING = -1;
    private static final Sparsity POLICY = new Sparsity(SparsityMode.AUTO, 8, 1, 2, 8);

    private final FakeKvPool pool = new FakeKvPool(64, PAGE_TOKENS);
    private final KvCache kv =
            new KvCache(new KvGeometry(1, 1, 2, PAGE_TOKENS, KvDtype.F16), 64, BlockCutter.fixed(4), pool::copyPage);
    private final ToldRetriever retriever = new ToldRetriever();
    private final List<String> heard = new ArrayList<>();
    private long nextId = 1;
    private long nowNanos;

    /** Chooses each row's own position, or nothing where it is told no mass; remembers what it observed. */
    private final class ToldRetriever implements Retriever {
        private final Retriever carrier = new DescriptorRetriever(1, 1, 1, pool, new FakeDescriptors(0));
        private List<Float> masses = List.of();
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
        public void prepare(StepSlots slots) {
            carrier.prepare(slots);
        }

        @Override
        public SelectionMatrix select(List<SelectionQuery> queries, StepSlots slots) {
            int rows = queries.size();
            assertThat(masses).as("rows that choose").hasSize(rows);
            int[] counts = new int[rows];
            int[] positions = new int[rows];
            float[] mass = new float[rows];
            for (int row = 0; row < rows; row++) {
                mass[row] = masses.get(row);
                counts[row] = mass[row] == NOTHING ? 0 : 1;
                positions[row] = queries.get(row).position();
            }
            return new SelectionMatrix(rows, 1, 1, 1, counts, positions, mass);
        }

        @Override
        public void observe(StepSlots slots, List<Observation> all, FloatBuffer features) {
            observed = all.stream()
                    .filter(Observation::mayChoose)
                    .map(Observation::sequence)
                    .toList();
            carrier.observe(slots, all, features);
        }

        @Override
        public void close() {}
    }

    /** Takes down what is said of selections. */
    private final class Hearing implements SelectionListener {
        @Override
        public void selected(int rows, int reusedRows, int chunks, long nanos) {
            assertThat(nanos).isPositive();
            heard.add(rows + " rows, " + reusedRows + " reused, " + chunks + " chunks");
        }

        @Override
        public void weighed(double mass) {
            heard.add("mass " + mass);
        }

        @Override
        public void fellBack(FallbackCause cause) {
            heard.add(cause.name());
        }

        @Override
        public void observed(int rows, long nanos) {}
    }

    private Engine engine(SelectionSettings settings) {
        SparseSelection stage = new SparseSelection(
                retriever, kv, pool, settings, SelectionRule.Unit.TOKENS, new Hearing(), () -> nowNanos++);
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

    @Test
    void stepsThatChooseInVainAreHeardOfToo() {
        Engine engine = engine(settings(0.5, 0));
        Fed fed = new Fed(engine, POLICY);
        step(engine, fed.next(12));
        fed.sparsity.beginDecode();
        assertThat(heard).isEmpty();
        retriever.masses = List.of(NOTHING);
        step(engine, fed.next(1));
        assertThat(heard).containsExactly("NO_DESCRIPTORS", "0 rows, 0 reused, 0 chunks");
        heard.clear();
        retriever.masses = List.of(0.25f);
        step(engine, fed.next(1));
        assertThat(heard).containsExactly("mass 0.25", "LOW_MASS", "0 rows, 0 reused, 0 chunks");
        assertThat(pool.selectedSequences).isEmpty();
        heard.clear();
        retriever.masses = List.of(0.75f);
        step(engine, fed.next(1));
        assertThat(heard).containsExactly("mass 0.75", "1 rows, 0 reused, 0 chunks");
        assertThat(pool.selectedSequences).hasSize(1);
    }

    @Test
    void chunksAreCountedApart() {
        Engine engine = engine(settings(0.5, 4));
        Fed decoding = new Fed(engine, POLICY);
        Fed prompt = new Fed(engine, POLICY);
        step(engine, decoding.next(12), prompt.next(6));
        decoding.sparsity.beginDecode();
        retriever.masses = List.of(0.75f, 0.25f);
        step(engine, decoding.next(1), prompt.next(6));
        assertThat(heard).containsExactly("mass 0.75", "mass 0.25", "1 rows, 0 reused, 1 chunks");
        assertThat(prompt.sparsity.usage().sparseSteps()).isZero();
        assertThat(pool.selectedSequences.getFirst()).containsExactly(0, 1);
    }
}
