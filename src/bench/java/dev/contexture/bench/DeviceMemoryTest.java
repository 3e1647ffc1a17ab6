package dev.contexture.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** How many sequences fit under a cap. */
class DeviceMemoryTest {
    /** Of Llama 3.1 8B in fp16 under 80 GB, with a head of 4 groups. */
    private static final DeviceMemory EIGHT_BILLION =
            new DeviceMemory(80_000_000_000L, 16_060_522_496L, 3_000_000_000L, 32 * (131_072L + 4 * 8 * 68), 32);

    @Test
    void fillsWhatWeightsAndReserveLeave() {
        assertThat(EIGHT_BILLION.pages()).isEqualTo(14_291);
        assertThat(EIGHT_BILLION.batch(18_432 + 40)).isEqualTo(24);
        assertThat(EIGHT_BILLION.batch(34_816 + 40)).isEqualTo(13);
        assertThat(EIGHT_BILLION.tokensOf(16)).isEqualTo(28_576);
    }

    @Test
    void countsWholePages() {
        DeviceMemory memory = new DeviceMemory(1000, 100, 100, 80, 8);
        assertThat(memory.pages()).isEqualTo(10);
        assertThat(memory.batch(16)).isEqualTo(5);
        assertThat(memory.batch(17)).isEqualTo(3);
        assertThat(memory.batch(81)).isZero();
    }

    @Test
    void decodesNoMoreRowsThanGraphsHave() {
        assertThat(new DeviceMemory(100_000, 0, 0, 80, 8).batch(8)).isEqualTo(DeviceMemory.MOST_SEQUENCES);
    }

    @Test
    void refusesACapThatHoldsNothing() {
        assertThatThrownBy(() -> new DeviceMemory(1000, 900, 100, 80, 8))
                .hasMessageContaining("bench.cap-bytes (1000)");
    }
}
