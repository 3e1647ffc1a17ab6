package dev.contexture.kv.tier.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class CircuitBreakerTest {
    private final AtomicLong nanos = new AtomicLong();
    private final CircuitBreaker breaker = new CircuitBreaker(
            new CircuitBreaker.Settings(3, Duration.ofNanos(100), Duration.ofNanos(350)), nanos::get);

    private void fail(int times) {
        for (int i = 0; i < times; i++) {
            assertThat(breaker.admit()).isTrue();
            breaker.failed();
        }
    }

    @Test
    void opensAfterFailuresInARow() {
        fail(2);
        breaker.succeeded();
        fail(2);
        assertThat(breaker.isOpen()).isFalse();
        fail(1);
        assertThat(breaker.isOpen()).isTrue();
        assertThat(breaker.admit()).isFalse();
    }

    @Test
    void oneProbeAtATimeWithGrowingPauses() {
        fail(3);
        for (long pause : new long[] {100, 200, 350, 350}) {
            nanos.addAndGet(pause - 1);
            assertThat(breaker.admit()).isFalse();
            nanos.addAndGet(1);
            assertThat(breaker.isOpen()).isFalse();
            assertThat(breaker.admit()).isTrue();
            assertThat(breaker.admit()).as("while the probe is under way").isFalse();
            breaker.failed();
        }
        nanos.addAndGet(350);
        assertThat(breaker.admit()).isTrue();
        breaker.succeeded();
        assertThat(breaker.admit()).isTrue();
        assertThat(breaker.admit()).isTrue();
        fail(3);
        nanos.addAndGet(100);
        assertThat(breaker.admit()).as("pauses begin anew").isTrue();
    }

    @Test
    void settingsMakeSense() {
        assertThatThrownBy(() -> new CircuitBreaker.Settings(0, Duration.ofSeconds(1), Duration.ofSeconds(1)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new CircuitBreaker.Settings(1, Duration.ofSeconds(2), Duration.ofSeconds(1)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
