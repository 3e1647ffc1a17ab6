package dev.contexture.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.core.KvDtype;
import dev.contexture.core.KvGeometry;
import dev.contexture.kv.BlockCutter;
import dev.contexture.kv.KvCache;
import dev.contexture.kv.KvInvariants;
import dev.contexture.kv.SlotRequest;
import dev.contexture.nativelib.NativeLayers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** When layers leave the device, when they come back, and which pages may be given meanwhile. */
class LayerMoverTest {
    private static final int PAGE_TOKENS = 8;
    private static final int PAGES = 40;

    private final List<String> moves = new ArrayList<>();
    private final KvCache kv = new KvCache(
            new KvGeometry(4, 1, 16, PAGE_TOKENS, KvDtype.F16), PAGES, BlockCutter.fixed(PAGE_TOKENS), (f, t, s) -> {});
    private final NativeLayers layers = new NativeLayers() {
        @Override
        public int mostHostLayers() {
            return 2;
        }

        @Override
        public int pageLimit(int hostLayers) {
            return 10 * (hostLayers + 1);
        }

        @Override
        public void place(int hostLayers, int[] heldPages) {
            assertThat(Arrays.stream(heldPages).max().orElse(0)).isLessThan(pageLimit(hostLayers));
            moves.add(hostLayers + " with " + heldPages.length);
        }

        @Override
        public Loaded loaded() {
            return new Loaded(100, 7);
        }
    };
    private final List<String> heard = new ArrayList<>();
    private final SelectionListener listener = new SelectionListener() {
        @Override
        public void placed(int hostLayers, long nanos) {
            heard.add("placed " + hostLayers);
        }

        @Override
        public void loaded(long wanted, long missing) {
            heard.add("loaded " + missing + " of " + wanted);
        }
    };
    private final LayerMover mover = new LayerMover(layers, 4, PAGES, 64, kv, listener, () -> 0);

    private static StepPlan plan(long sequence, int tokens) {
        return new StepPlan(List.of(new StepPlan.SequenceStep(
                new SlotRequest(sequence, new int[tokens]), Optional.empty(), Optional.empty())));
    }

    /** One more step of a sequence that grows by so many tokens. */
    private void step(long sequence, int tokens) {
        StepPlan plan = plan(sequence, tokens);
        mover.before(plan);
        try (var reservation = kv.reserve(plan.slotRequests())) {
            reservation.commit();
        }
        mover.after();
        assertThat(KvInvariants.check(kv.snapshot())).isEmpty();
    }

    @Test
    void layersLeaveAsSequencesGrowAndComeBackWhenTheyEnd() {
        assertThat(mover.mostPages()).isEqualTo(30);
        assertThat(kv.availablePages()).as("behind all that may leave").isEqualTo(30);
        kv.admit(1, new int[0], "");
        kv.admit(2, new int[0], "");
        step(1, 80);
        assertThat(moves).isEmpty();
        step(2, 8);
        assertThat(moves).containsExactly("1 with 10");
        step(2, 100);
        assertThat(moves).containsExactly("1 with 10", "2 with 11");
        assertThat(heard).containsExactly("placed 1", "loaded 7 of 100", "placed 2", "loaded 7 of 100");
        kv.release(2);
        step(1, 1);
        assertThat(moves).as("the prefix of what has ended is still cached").hasSize(2);
        for (int turn = 0; turn < LayerMover.PATIENT_STEPS; turn++) {
            mover.before(plan(1, 1));
        }
        assertThat(moves).hasSize(3);
        assertThat(moves.getLast()).startsWith("1 with");
    }

    @Test
    void moreThanThereIsRoomForIsNotReserved() {
        kv.admit(1, new int[0], "");
        assertThatThrownBy(() -> step(1, 30 * PAGE_TOKENS + 1)).isInstanceOf(IllegalStateException.class);
        assertThat(moves).isEmpty();
        step(1, 30 * PAGE_TOKENS);
        assertThat(moves).containsExactly("2 with 0");
        assertThat(kv.availablePages()).isZero();
    }

    @Test
    void aPageThatIsUsedKeepsLayersInHostMemory() {
        kv.admit(1, new int[0], "");
        kv.admit(2, new int[0], "");
        step(1, 10 * PAGE_TOKENS);
        step(2, PAGE_TOKENS);
        kv.release(1); // the pages that are left lie behind what fewer layers leave room for
        for (int turn = 0; turn < 2 * LayerMover.PATIENT_STEPS; turn++) {
            mover.before(plan(2, 1));
        }
        assertThat(moves).containsExactly("1 with 10");
    }

    @Test
    void layersLeaveForWhatIsBrought() {
        kv.admit(1, new int[0], "");
        step(1, 6 * PAGE_TOKENS);
        SlotRequest brought = new SlotRequest(1, new int[5 * PAGE_TOKENS]);
        assertThat(kv.takeablePages()).isEqualTo(4);
        mover.makeRoom(brought);
        assertThat(moves).containsExactly("1 with 6");
        try (var reservation = kv.reserve(List.of(brought))) {
            reservation.commit();
        }
        mover.makeRoom(new SlotRequest(1, new int[1]));
        assertThat(moves).as("there was room").hasSize(1);
        mover.makeRoom(new SlotRequest(1, new int[20 * PAGE_TOKENS]));
        assertThat(moves).as("there cannot be room").hasSize(1);
        kv.release(1);
        kv.admit(2, new int[0], "");
        mover.makeRoom(new SlotRequest(2, new int[1]));
        assertThat(moves).as("layers come back for steps only").hasSize(1);
        assertThat(KvInvariants.check(kv.snapshot())).isEmpty();
    }
}
