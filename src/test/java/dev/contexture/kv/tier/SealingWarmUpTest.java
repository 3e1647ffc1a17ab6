package dev.contexture.kv.tier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.testing.ManualClock;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class SealingWarmUpTest {
    private final ManualClock clock = new ManualClock();

    @Test
    void endsWhenEnoughWasSealed() {
        assertThat(SealingWarmUp.run(TierTestValues.random(1), clock, Duration.ofHours(1)))
                .isEqualTo(3_000);
    }

    @Test
    void endsWhenItTakesTooLong() {
        // The clock goes on by a microsecond whenever it is read: at least once per value.
        assertThat(SealingWarmUp.run(TierTestValues.random(1), clock, Duration.ofNanos(50_000)))
                .isBetween(1, 50);
    }
}
