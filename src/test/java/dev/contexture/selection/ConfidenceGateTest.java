package dev.contexture.selection;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ConfidenceGateTest {
    private final ConfidenceGate gate = new ConfidenceGate(new SelectionSettings.Confidence(0.5, 0.7, 3, 1200));

    @Test
    void aSureSequenceKeepsItsBudget() {
        assertThat(gate.accept(0.5)).isTrue();
        assertThat(gate.budget(512)).isEqualTo(512);
    }

    @Test
    void doubtEndsOnlyAfterSeveralSureStepsInARow() {
        assertThat(gate.accept(0.49)).isFalse();
        assertThat(gate.budget(512)).as("three times, but bounded").isEqualTo(1200);
        assertThat(gate.budget(2000)).as("never less than asked").isEqualTo(2000);
        for (int step = 1; step < ConfidenceGate.SURE_STEPS; step++) {
            assertThat(gate.accept(0.7)).isTrue();
        }
        assertThat(gate.accept(0.6)).as("not sure, but good enough").isTrue();
        for (int step = 1; step < ConfidenceGate.SURE_STEPS; step++) {
            assertThat(gate.accept(0.9)).isTrue();
            assertThat(gate.budget(100)).isEqualTo(300);
        }
        assertThat(gate.accept(0.9)).isTrue();
        assertThat(gate.budget(100)).isEqualTo(100);
    }
}
