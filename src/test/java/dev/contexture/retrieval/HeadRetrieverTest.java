package dev.contexture.retrieval;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.SelectionMatrix;
import dev.contexture.kv.StepSlots;
import dev.contexture.nativelib.NativeRetrievalPool;
import dev.contexture.nativelib.SelectStep;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** When keys are made, of which tokens, and where they go. */
class HeadRetrieverTest {
    private static final int PAGE_TOKENS = 8;
    private static final int[] PAGES = {5, 2, 9, 4};
    private static final int WINDOW = 100;

    private final Written written = new Written();
    private final HeadRetriever retriever = new HeadRetriever(1, List.of(0), written, written);
    private final RetrievalState state = new RetrievalState();

    /** Takes down each key as "token at slot". A token's feature is its own number. */
    private static final class Written implements HeadRunner, NativeRetrievalPool {
        private final List<String> keys = new ArrayList<>();
        private long[] slots = {};

        @Override
        public long id() {
            return 1;
        }

        @Override
        public long bytes() {
            return 0;
        }

        @Override
        public void append(int[] tokenIds, List<FloatBuffer> features) {
            List<Float> read = new ArrayList<>();
            for (FloatBuffer piece : features) {
                for (int i = piece.position(); i < piece.limit(); i++) {
                    read.add(piece.get(i));
                }
            }
            assertThat(read).hasSize(tokenIds.length);
            for (int i = 0; i < tokenIds.length; i++) {
                assertThat(read.get(i)).isEqualTo(tokenIds[i]);
                keys.add(tokenIds[i] + " at " + slots[i]);
            }
        }

        @Override
        public void setAppend(int[] positions, long[] newSlots) {
            slots = newSlots;
            for (int i = 0; i < positions.length; i++) {
                assertThat(newSlots[i] % PAGE_TOKENS).isEqualTo(positions[i] % PAGE_TOKENS);
            }
        }

        @Override
        public void select(int[] tokenIds, List<FloatBuffer> features) {
            throw new IllegalStateException("nothing is selected here");
        }

        @Override
        public void setSelect(SelectStep step) {
            throw new IllegalStateException("nothing is selected here");
        }

        @Override
        public SelectionMatrix selection() {
            throw new IllegalStateException("nothing is selected here");
        }

        @Override
        public void copyPage(int fromPage, int toPage, int slots) {}

        @Override
        public void close() {}
    }

    @Test
    void keysOfAPromptAreMadeWithIt() {
        step(0, 1000, 3, WINDOW);
        assertThat(written.keys).containsExactly("1000 at 40", "1001 at 41", "1002 at 42");
    }

    @Test
    void keysOfSingleTokensWaitForTheEndOfTheirRun() {
        step(0, 1000, 3, WINDOW);
        written.keys.clear();
        for (int position = 3; position < 7; position++) {
            step(position, 2000 + position, 1, WINDOW);
            assertThat(written.keys).isEmpty();
        }
        step(7, 2007, 1, WINDOW);
        assertThat(written.keys).containsExactly("2003 at 43", "2004 at 44", "2005 at 45", "2006 at 46", "2007 at 47");
        step(8, 2008, 1, WINDOW);
        assertThat(written.keys).hasSize(5);
        step(9, 2009, 2, WINDOW);
        assertThat(written.keys).endsWith("2008 at 16", "2009 at 17", "2010 at 18");
    }

    @Test
    void keysAreMadeBeforeTheyCanBeScored() {
        int unscored = 2;
        step(0, 1000, 8, unscored);
        written.keys.clear();
        step(8, 2008, 1, unscored);
        step(9, 2009, 1, unscored);
        assertThat(written.keys).isEmpty();
        step(10, 2010, 1, unscored);
        assertThat(written.keys).containsExactly("2008 at 16", "2009 at 17", "2010 at 18");
        step(11, 2011, 1, 0);
        assertThat(written.keys).endsWith("2011 at 19");
    }

    @Test
    void aSequenceThatLostItsPagesHasNothingPending() {
        step(0, 1000, 3, WINDOW);
        step(3, 2003, 1, WINDOW);
        state.release();
        written.keys.clear();
        step(0, 1000, 4, WINDOW);
        assertThat(written.keys).containsExactly("1000 at 40", "1001 at 41", "1002 at 42", "1003 at 43");
    }

    @Test
    void whatWaitsIsMadeWithWhatIsDue() {
        RetrievalState other = new RetrievalState();
        int[] pages = {5, 2, 9, 4};
        StepSlots slots = new StepSlots(PAGE_TOKENS, new int[] {1, 1}, new int[] {3, 12}, new int[] {0, 2, 4}, pages);
        observe(slots, other, 7);
        assertThat(written.keys).isEmpty();
        assertThat(other.pendingTokens()).isEqualTo(1);
        slots = new StepSlots(PAGE_TOKENS, new int[] {1, 1}, new int[] {4, 13}, new int[] {0, 2, 4}, pages);
        observe(slots, other, 0);
        assertThat(written.keys).containsExactly("300 at 43", "300 at 44", "400 at 36", "400 at 37");
        assertThat(other.pendingTokens()).isZero();
    }

    private void observe(StepSlots slots, RetrievalState other, int unscored) {
        List<Observation> both = List.of(
                new Observation(0, state, new int[] {300}, true, WINDOW),
                new Observation(1, other, new int[] {400}, false, unscored));
        retriever.observe(slots, both, FloatBuffer.wrap(new float[] {300, 400}));
    }

    /** {@code count} tokens behind {@code context}, numbered from {@code token}. */
    private void step(int context, int token, int count, int unscored) {
        int[] tokens = new int[count];
        float[] features = new float[count];
        for (int i = 0; i < count; i++) {
            tokens[i] = token + i;
            features[i] = token + i;
        }
        StepSlots slots =
                new StepSlots(PAGE_TOKENS, new int[] {count}, new int[] {context}, new int[] {0, PAGES.length}, PAGES);
        retriever.observe(
                slots, List.of(new Observation(0, state, tokens, true, unscored)), FloatBuffer.wrap(features));
        assertThat(state.precedes(context + count)).isTrue();
    }
}
