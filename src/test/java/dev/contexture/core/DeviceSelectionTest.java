package dev.contexture.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class DeviceSelectionTest {
    private static final SelectionMatrix LISTS = new SelectionMatrix(
            3, 1, 2, 2, new int[] {1, 2, 2, 2, 2, 1}, new int[] {7, 0, 3, 7, 1, 8, 2, 8, 4, 9, 9, 0}, new float[] {
                0.5f, 0.7f, 0.25f, 0.75f, 1, 0
            });

    private static DeviceSelection made() {
        return DeviceSelection.of(new DeviceSelection.Made(
                1,
                new int[] {4, 5, 6},
                new int[] {1, 2, 3},
                LISTS.counts(),
                new float[] {0.5f, 0.7f, 0.25f, 0.75f, 1, 0},
                () -> LISTS));
    }

    @Test
    void rowsKeepWhereTheyLie() {
        DeviceSelection made = made();
        Selection joined = Selection.joined(List.of(made.row(2), made.row(0)));
        assertThat(joined).isInstanceOf(DeviceSelection.class);
        assertThat(((DeviceSelection) joined).chosen()).containsExactly(2, 0);
        assertThat(((DeviceSelection) joined).places()).containsExactly(6, 4);
        assertThat(joined.meanMass(1)).isEqualTo(0.6f, org.assertj.core.data.Offset.offset(1e-6));
        assertThat(joined.isEmpty(0)).isFalse();
    }

    @Test
    void besideListsOnTheHostItIsCopied() {
        Selection joined = Selection.joined(List.of(made().row(1), LISTS.row(0)));
        assertThat(joined.onHost().positions()).startsWith(1, 8, 2, 8, 7);
        assertThat(joined.rows()).isEqualTo(2);
    }

    @Test
    void rowsOfTwoSelectionsAreNotOne() {
        assertThatThrownBy(() -> Selection.joined(List.of(made().row(0), made().row(1))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("two selections");
        assertThatThrownBy(() ->
                        new DeviceSelection.Made(1, new int[2], new int[2], new int[3], new float[3], () -> LISTS))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
