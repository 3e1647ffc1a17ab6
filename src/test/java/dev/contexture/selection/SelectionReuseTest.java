package dev.contexture.selection;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.SelectionMatrix;
import dev.contexture.core.Sparsity;
import dev.contexture.core.SparsityMode;
import org.junit.jupiter.api.Test;

class SelectionReuseTest {
    private static Sparsity policy(int budget, int sink, int recent) {
        return new Sparsity(SparsityMode.TOKENS, budget, sink, recent, budget);
    }

    @Test
    void aListGrowsToItsBudgetAndNoFurther() {
        // Beside a row of a larger budget, so that the lists have more room than they may use.
        SelectionMatrix first =
                new SelectionMatrix(1, 1, 1, 8, new int[] {3}, new int[] {0, 8, 9, 0, 0, 0, 0, 0}, new float[] {1f});
        SelectionMatrix second = SelectionReuse.next(first, 10, policy(4, 1, 2));
        assertThat(second.counts()).containsExactly(4);
        assertThat(second.positions()).startsWith(0, 8, 9, 10);
        SelectionMatrix third = SelectionReuse.next(second, 11, policy(4, 1, 2));
        assertThat(third.counts()).containsExactly(4);
        assertThat(third.positions()).startsWith(0, 8, 10, 11);
    }

    @Test
    void aFullListLosesItsOldestRecentToken() {
        // Two sinks, two retrieved, a window of three that ends at 20.
        SelectionMatrix first = new SelectionMatrix(
                1, 1, 2, 7, new int[] {7, 7}, new int[] {0, 1, 5, 9, 18, 19, 20, 0, 1, 6, 7, 18, 19, 20}, new float[] {
                    0.5f, 0.7f
                });
        SelectionMatrix next = SelectionReuse.next(first, 21, policy(7, 2, 3));
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
        assertThat(SelectionReuse.next(first, 10, policy(3, 0, 1)).positions()).containsExactly(0, 4, 10);
    }
}
