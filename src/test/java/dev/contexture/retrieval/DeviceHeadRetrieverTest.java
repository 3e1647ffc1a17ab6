package dev.contexture.retrieval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.core.DeviceSelection;
import dev.contexture.core.SelectionMatrix;
import dev.contexture.core.SelectionRule;
import dev.contexture.core.SelectionRule.BlockPooling;
import dev.contexture.core.SelectionRule.HeadReduction;
import dev.contexture.kv.StepSlots;
import dev.contexture.nativelib.NativeRetrievalPool;
import dev.contexture.nativelib.SelectStep;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which rows' keys are made, and where the features of which rows are carried. */
class DeviceHeadRetrieverTest {
    private static final int PAGE_TOKENS = 8;
    private static final int KEPT = 4;
    private static final FloatBuffer NOTHING = FloatBuffer.allocate(0);
    private static final SelectionRule RULE =
            new SelectionRule(SelectionRule.Unit.TOKENS, 4, 1, 2, 4, HeadReduction.MAX, BlockPooling.SUM);

    private final Device device = new Device();
    private final DeviceHeadRetriever retriever = new DeviceHeadRetriever(List.of(0, 0, 1), device, device, KEPT);

    /** Takes down what it is told. Two places can be had. */
    private static final class Device implements DeviceHead, NativeRetrievalPool {
        private final List<String> calls = new ArrayList<>();

        @Override
        public int rows() {
            return DeviceHeadRetriever.rows(2, KEPT);
        }

        @Override
        public DeviceSelection select(int[] tokenIds, int[] featureRows, int[] places, int[] owners) {
            calls.add("select " + Arrays.toString(tokenIds) + " from " + Arrays.toString(featureRows) + " of "
                    + Arrays.toString(places));
            assertThat(owners).doesNotContain(0).doesNotHaveDuplicates();
            return DeviceSelection.of(new DeviceSelection.Made(
                    id(), places, owners, new int[tokenIds.length], new float[tokenIds.length], this::selection));
        }

        @Override
        public void observe(int[] carriedRows, int[] featureRows) {
            calls.add("keep " + Arrays.toString(carriedRows) + " in " + Arrays.toString(featureRows));
        }

        @Override
        public float[] read(int featureRow) {
            return new float[] {featureRow};
        }

        @Override
        public void write(int featureRow, float[] features) {
            calls.add("write " + Arrays.toString(features) + " to " + featureRow);
        }

        @Override
        public long id() {
            return 1;
        }

        @Override
        public long bytes() {
            return 0;
        }

        @Override
        public void setAppend(int[] positions, long[] slots) {
            calls.add("keys of " + Arrays.toString(positions) + " at " + Arrays.toString(slots));
        }

        @Override
        public void setSelect(SelectStep step) {
            calls.add("choose at " + Arrays.toString(step.positions()));
        }

        @Override
        public SelectionMatrix selection() {
            throw new AssertionError("nothing leaves the device");
        }

        @Override
        public void copyPage(int fromPage, int toPage, int slots) {}

        @Override
        public void close() {}
    }

    private static StepSlots slots(int[] queryLengths, int[] contextLengths) {
        return new StepSlots(PAGE_TOKENS, queryLengths, contextLengths, new int[] {0, 2, 4}, new int[] {5, 2, 9, 4});
    }

    private static Observation observation(int sequence, RetrievalState state, boolean mayChoose, int... tokens) {
        return new Observation(sequence, state, tokens, mayChoose, 0);
    }

    @Test
    void keysAreMadeOfEveryRowAndLastRowsAreCarried() {
        RetrievalState first = new RetrievalState();
        RetrievalState second = new RetrievalState();
        retriever.observe(
                slots(new int[] {3, 1}, new int[] {6, 0}),
                List.of(observation(0, first, true, 11, 12, 13), observation(1, second, false, 20)),
                NOTHING);
        assertThat(device.calls)
                .containsExactly("keys of [6, 7, 8, 0] at [46, 47, 16, 72]", "keep [0, 1, 2] in [6, 7, 4]");
        assertThat(first.precedes(9)).isTrue();
        assertThat(second.precedes(1)).isFalse();
        assertThat(first.pendingTokens()).isZero();
    }

    @Test
    void queriesNameTheirSequencesPlaces() {
        RetrievalState first = new RetrievalState();
        RetrievalState second = new RetrievalState();
        StepSlots before = slots(new int[] {1, 1}, new int[] {8, 3});
        retriever.observe(before, List.of(observation(0, first, true, 1), observation(1, second, true, 2)), NOTHING);
        device.calls.clear();
        StepSlots step = slots(new int[] {1, 1}, new int[] {9, 4});
        retriever.select(
                List.of(
                        new SelectionQuery(1, second, new int[] {30}, new int[] {4}, 4, RULE, new int[0]),
                        new SelectionQuery(0, first, new int[] {31}, new int[] {9}, 9, RULE, new int[0])),
                step);
        assertThat(device.calls).containsExactly("choose at [4, 9]", "select [30, 31] from [11, 4] of [2, 1]");
        assertThatThrownBy(() -> retriever.select(
                        List.of(new SelectionQuery(0, first, new int[] {31}, new int[] {9}, 9, RULE, new int[0])),
                        slots(new int[] {1, 1}, new int[] {10, 4})))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void whoFindsNoPlaceAttendsToEverythingUntilOneIsFree() {
        List<RetrievalState> states = List.of(new RetrievalState(), new RetrievalState(), new RetrievalState());
        for (RetrievalState state : states) {
            retriever.observe(
                    slots(new int[] {1, 1}, new int[] {8, 3}), List.of(observation(0, state, true, 1)), NOTHING);
        }
        assertThat(states.get(1).precedes(9)).isTrue();
        assertThat(states.get(2).precedes(9)).isFalse();
        states.getFirst().release();
        retriever.observe(
                slots(new int[] {1, 1}, new int[] {9, 3}), List.of(observation(0, states.get(2), true, 1)), NOTHING);
        assertThat(states.get(2).precedes(10)).isTrue();
        assertThat(device.calls.getLast()).isEqualTo("keep [0] in [5]");
    }

    @Test
    void lastTokensOfWhatEndsCanBeHadAndLaterOnesGoOnFromThem() {
        RetrievalState state = new RetrievalState();
        retriever.observe(
                slots(new int[] {3, 1}, new int[] {6, 3}), List.of(observation(0, state, true, 1, 2, 3)), NOTHING);
        retriever.observe(slots(new int[] {1, 1}, new int[] {9, 3}), List.of(observation(0, state, true, 4)), NOTHING);
        retriever.observe(slots(new int[] {1, 1}, new int[] {10, 3}), List.of(observation(0, state, true, 5)), NOTHING);
        assertThat(state.carriedTo(11))
                .hasValueSatisfying(row -> assertThat(row).containsExactly(6));
        assertThat(state.carriedTo(8)).hasValueSatisfying(row -> assertThat(row).containsExactly(7));
        assertThat(state.carriedTo(7)).as("its row has a later token's").isEmpty();
        assertThat(state.carriedTo(12)).isEmpty();

        RetrievalState later = new RetrievalState();
        later.carry(new float[] {.5f}, 9);
        device.calls.clear();
        StepSlots step = slots(new int[] {1, 1}, new int[] {9, 3});
        for (int i = 0; i < 2; i++) {
            retriever.select(
                    List.of(new SelectionQuery(0, later, new int[] {31}, new int[] {9}, 9, RULE, new int[0])), step);
        }
        assertThat(device.calls)
                .containsExactly(
                        "choose at [9]",
                        "write [0.5] to 8",
                        "select [31] from [8] of [2]",
                        "choose at [9]",
                        "select [31] from [8] of [2]");
        assertThat(later.carriedTo(9)).isPresent();
        assertThat(later.carriedTo(8)).isEmpty();
        later.release();
        assertThat(later.carriedTo(9)).isEmpty();
    }

    @Test
    void whatIsNotTakenInLeavesAGap() {
        RetrievalState state = new RetrievalState();
        retriever.observe(
                slots(new int[] {3, 1}, new int[] {6, 3}), List.of(observation(0, state, true, 1, 2, 3)), NOTHING);
        retriever.observe(slots(new int[] {1, 1}, new int[] {9, 3}), List.of(observation(0, state, false, 4)), NOTHING);
        retriever.observe(slots(new int[] {1, 1}, new int[] {10, 3}), List.of(observation(0, state, true, 5)), NOTHING);
        assertThat(state.carriedTo(11)).isPresent();
        assertThat(state.carriedTo(10)).isEmpty();
        assertThat(state.carriedTo(9)).isEmpty();
    }
}
