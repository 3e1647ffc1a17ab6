package dev.contexture.constrain.automaton;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Bounds of tables: a chain of states that many symbols lead along. */
class TableTest {
    private static Table chain(int states, int width, AtomicLong steps) {
        Table.Step<Integer> step = (state, symbol) -> {
            steps.incrementAndGet();
            return state + 1 < states ? state + 1 : null;
        };
        return Table.explore(0, width, step, state -> state == states - 1, new Work(1L << 40))
                .orElseThrow();
    }

    @Test
    void cellsAreBoundedBeforeTheyAreMade() {
        AtomicLong steps = new AtomicLong();
        assertThatThrownBy(() -> chain(15_000, 200_000, steps)).isInstanceOf(TooLargeException.class);
        assertThat(steps.get()).isLessThanOrEqualTo(Table.MOST_CELLS);
    }

    @Test
    void tellingApartIsLeftOffWhereItTakesTooLong() {
        Table table = chain(2_000, 100, new AtomicLong());
        assertThat(table.classOf(0, 5)).as("far from the end").isEqualTo(table.classOf(1, 5));
        assertThat(table.classOf(0, 200))
                .as("200 rounds over all cells are too many")
                .isNotEqualTo(table.classOf(1, 200));
    }
}
