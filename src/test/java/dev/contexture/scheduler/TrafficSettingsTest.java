package dev.contexture.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class TrafficSettingsTest {
    @Test
    void aTurnEndsByBytesOrByTime() {
        TrafficSettings settings = new TrafficSettings(100, 50, 0.05, 1, 1, 1, TrafficSettings.Partial.NONE);
        assertThat(settings.isSpent(99, 49)).isFalse();
        assertThat(settings.isSpent(100, 0)).isTrue();
        assertThat(settings.isSpent(0, 50)).isTrue();
    }

    @Test
    void aTurnHasATimeAndAShare() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TrafficSettings(100, 0, 0.05, 1, 1, 1, TrafficSettings.Partial.NONE))
                .withMessage("turnNanos must be positive but is 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TrafficSettings(100, 50, 0, 1, 1, 1, TrafficSettings.Partial.NONE))
                .withMessage("stepShare must be above 0 and at most 1 but is 0.0");
    }
}
