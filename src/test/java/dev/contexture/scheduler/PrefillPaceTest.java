package dev.contexture.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

class PrefillPaceTest {
    private final PrefillPace pace = new PrefillPace();

    private static long cost(int from, int to) {
        double linear = (double) (to - from) * 1_000;
        return (long) (linear + 0.2 * ((double) to * to - (double) from * from));
    }

    @Test
    void longPromptsCostMoreThanTheirTokensSay() {
        for (int from = 0; from < 16_384; from += 256) {
            pace.add(from, 256, cost(from, from + 256));
        }
        assertThat(pace.nanos(0, 16_384)).isCloseTo(cost(0, 16_384), Percentage.withPercentage(10));
        assertThat(pace.nanos(4_096, 8_192)).isCloseTo(cost(4_096, 8_192), Percentage.withPercentage(10));
    }

    @Test
    void whatWasNotSeenCostsWhatTheNearestDid() {
        pace.add(0, 100, 5_000);
        assertThat(pace.nanos(0, 20_000)).isCloseTo(1_000_000, within(1L));
        assertThat(pace.nanos(100, 100)).isZero();
        assertThat(pace.nanos(1 << 25, (1 << 25) + 10)).isCloseTo(500, within(1L));
    }

    @Test
    void refusesToGuess() {
        assertThatThrownBy(() -> pace.nanos(0, 1)).isInstanceOf(IllegalStateException.class);
        pace.add(0, 0, 1);
        assertThat(pace.isMeasured()).isFalse();
    }
}
