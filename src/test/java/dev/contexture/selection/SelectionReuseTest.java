package dev.contexture.selection;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.SelectionMatrix;
import org.junit.jupiter.api.Test;

class SelectionReuseTest {
    @Test
    void aFullListLosesItsOldestRecentToken() {
        // Two sinks, two retrieved, a window of three that ends at 20.
        SelectionMatrix first = new SelectionMatrix(
                1, 1, 2, 7, new int[] {7, 7}, new int[] {0, 1, 5, 9, 18, 19, 20, 0, 1, 6, 7, 18, 19, 20}, new float[] {
                    0.5f, 0.7f
                });
        SelectionMatrix next = SelectionReuse.next(first, 21, 3);
        assertThat(next.positions()).containsExactly(0, 1, 5, 9, 19, 20, 21, 0, 1, 6, 7, 19, 20, 21);
        assertThat(next.counts()).containsExactly(7, 7);
        assertThat(next.meanMass(0)).isEqualTo(0.6, org.assertj.core.api.Assertions.within(1e-6));
        assertThat(first.positions()[6])
                .as("the earlier selection is untouched")
                .isEqualTo(20);
    }

    @Test
    void aWindowOfOneIsTheCurrentToken() {
        SelectionMatrix first = new SelectionMatrix(1, 1, 1, 3, new int[] {3}, new int[] {0, 4, 9}, new float[] {1f});
        assertThat(SelectionReuse.next(first, 10, 1).positions()).containsExactly(0, 4, 10);
    }
}
