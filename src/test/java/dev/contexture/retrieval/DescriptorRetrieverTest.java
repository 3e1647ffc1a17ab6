package dev.contexture.retrieval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.core.SelectionMatrix;
import dev.contexture.core.SelectionRule;
import dev.contexture.core.SelectionRule.BlockPooling;
import dev.contexture.core.SelectionRule.HeadReduction;
import dev.contexture.kv.StepSlots;
import dev.contexture.testing.FakeDescriptors;
import dev.contexture.testing.FakeKvPool;
import java.nio.FloatBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is described when, and whose it is. */
class DescriptorRetrieverTest {
    private static final int PAGE_TOKENS = 8;
    private static final int HEADS = 2;
    private static final SelectionRule RULE =
            new SelectionRule(SelectionRule.Unit.BLOCKS, 16, 2, 4, 16, HeadReduction.MAX, BlockPooling.MEAN);

    private final FakeKvPool pool = new FakeKvPool(16, PAGE_TOKENS);
    private final FakeDescriptors descriptors = new FakeDescriptors(8);
    private final DescriptorRetriever retriever = new DescriptorRetriever(5, 2, HEADS, pool, descriptors);
    private final RetrievalState state = new RetrievalState();

    @Test
    void layersAreGroupedInBands() {
        assertThat(retriever.groupOfLayer()).containsExactly(0, 0, 0, 1, 1);
    }

    @Test
    void queriesOfTheLastStepAreCarriedToTheNext() {
        run(state, 0, 21);
        SelectionMatrix selection = select(state, 21, 8, 16);
        assertThat(selection.isEmpty(0)).isFalse();
        assertThat(descriptors.steps.getLast().queries().getFirst()).containsExactly(21f, 21f);
        assertThat(descriptors.steps.getLast().positions()).containsExactly(21);
        run(state, 21, 1);
        select(state, 22, 8, 16);
        assertThat(descriptors.steps.getLast().queries().getFirst()).containsExactly(22f, 22f);
    }

    @Test
    void onlyComputedBlocksAreDescribed() {
        run(state, 0, 21);
        select(state, 21, 8, 16, 21);
        assertThat(descriptors.blockEnds())
                .as("a block that ends with what is computed")
                .containsExactly(8, 16, 21);
        run(state, 21, 1);
        select(state, 22, 8, 16, 21, 23);
        assertThat(descriptors.blockEnds())
                .as("a block that holds the row itself waits")
                .containsExactly(8, 16, 21);
    }

    @Test
    void nothingIsDescribedBeforeItIsWanted() {
        run(state, 0, 21);
        assertThat(descriptors.sequences()).isZero();
        select(state, 21, 8, 16);
        assertThat(descriptors.sequences()).isOne();
        run(state, 21, 1);
        select(state, 22, 8, 16);
        assertThat(descriptors.sequences()).isOne();
    }

    @Test
    void releaseGivesTheRoomBack() {
        run(state, 0, 21);
        select(state, 21, 8, 16);
        state.release();
        state.release();
        assertThat(descriptors.sequences()).isZero();
        assertThat(state.precedes(21)).isFalse();
        run(state, 0, 22);
        select(state, 22, 8, 16);
        assertThat(descriptors.blockEnds())
                .as("known blocks are described anew")
                .containsExactly(8, 16);
    }

    @Test
    void withoutRoomNothingIsSelected() {
        RetrievalState other = new RetrievalState();
        run(other, 0, 21);
        select(other, 21, 2, 4, 6, 8, 10, 12, 14);
        run(state, 0, 21);
        assertThat(select(state, 21, 8, 16).isEmpty(0)).isTrue();
        other.release();
        run(state, 21, 1);
        assertThat(select(state, 22, 8, 16).isEmpty(0)).isFalse();
    }

    @Test
    void aRowWhoseQueriesAreNotKnownIsRefused() {
        run(state, 0, 20);
        assertThatThrownBy(() -> select(state, 21, 8)).isInstanceOf(IllegalStateException.class);
    }

    private void run(RetrievalState of, int context, int tokens) {
        StepSlots slots = slots(context, tokens);
        pool.setStep(slots.queryLengths(), slots.contextLengths(), slots.pageOffsets(), slots.pages());
        retriever.prepare(slots);
        retriever.observe(slots, List.of(new Observation(0, of, new int[tokens], true, 0)), FloatBuffer.allocate(0));
    }

    private SelectionMatrix select(RetrievalState of, int position, int... blockEnds) {
        return retriever.select(
                List.of(new SelectionQuery(0, of, new int[] {7}, new int[] {position}, position, RULE, blockEnds)),
                slots(position, 1));
    }

    private static StepSlots slots(int context, int tokens) {
        int pages = Math.ceilDiv(context + tokens, PAGE_TOKENS);
        int[] table = new int[pages];
        for (int i = 0; i < pages; i++) {
            table[i] = i;
        }
        return new StepSlots(PAGE_TOKENS, new int[] {tokens}, new int[] {context}, new int[] {0, pages}, table);
    }
}
