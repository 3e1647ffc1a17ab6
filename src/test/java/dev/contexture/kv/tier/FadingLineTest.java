package dev.contexture.kv.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FadingLineTest {
    private final FadingLine line = new FadingLine(0.9);

    @Test
    void findsLatencyAndBandwidth() {
        for (int i = 1; i <= 40; i++) {
            line.add(i * 1_000, 500 + 2.0 * i * 1_000);
        }
        assertThat(line.at(0)).isCloseTo(500, within(1e-3));
        assertThat(line.at(1_000_000)).isCloseTo(2_000_500, within(1e-1));
    }

    @Test
    void forgetsWhatNoLongerHolds() {
        Random random = new Random(1);
        for (int i = 0; i < 200; i++) {
            double x = random.nextInt(10_000);
            line.add(x, i < 100 ? 200_000 + 20 * x : 1_000 + x);
        }
        assertThat(line.at(5_000)).isBetween(5_000.0, 8_000.0);
    }

    @Test
    void measurementsOfOneSizeSayNothingLessForMore() {
        line.add(1_000, 300);
        line.add(1_000, 300);
        assertThat(line.at(10)).isCloseTo(300, within(1e-9));
        assertThat(line.at(10_000)).isCloseTo(3_000, within(1e-9));
    }

    /** Whatever was measured: an estimate is never negative and never smaller for more. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void estimatesRise(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < 300; i++) {
            line.add(random.nextInt(1 + random.nextInt(100_000)), random.nextInt(1 + random.nextInt(1_000_000)));
            double before = 0;
            for (double x = 0; x < 1e6; x += 5e4) {
                assertThat(line.at(x)).isGreaterThanOrEqualTo(before);
                before = line.at(x);
            }
        }
    }

    @Test
    void refusesToGuess() {
        assertThatThrownBy(() -> line.at(1)).isInstanceOf(IllegalStateException.class);
        assertThat(line.isMeasured()).isFalse();
    }
}
