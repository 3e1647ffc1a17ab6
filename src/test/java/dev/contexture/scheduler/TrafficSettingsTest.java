package dev.contexture.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class TrafficSettingsTest {
    @Test
    void aTurnEndsByBytesOrByTime() {
        TrafficSettings settings = new TrafficSettings(100, 50, 1, 1, 1, TrafficSettings.Partial.NONE);
        assertThat(settings.isSpent(99, 49)).isFalse();
        assertThat(settings.isSpent(100, 0)).isTrue();
        assertThat(settings.isSpent(0, 50)).isTrue();
    }

    @Test
    void aTurnHasATime() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TrafficSettings(100, 0, 1, 1, 1, TrafficSettings.Partial.NONE))
                .withMessage("turnNanos must be positive but is 0");
    }
}
