package dev.contexture.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** How many sequences fit under a cap. */
class DeviceMemoryTest {
    /** Of Llama 3.1 8B in fp16 under 80 GB. */
    private static final DeviceMemory.Cap CAP = new DeviceMemory.Cap(80_000_000_000L, 16_060_522_496L, 3_000_000_000L);
    /** With a head of 4 groups. */
    private static final long BYTES_PER_PAGE = 32 * (131_072L + 4 * 8 * 68);

    @Test
    void fillsWhatWeightsAndReserveLeave() {
        DeviceMemory memory = new DeviceMemory(CAP.pages(BYTES_PER_PAGE, 0), 32);
        assertThat(memory.pages()).isEqualTo(14_291);
        assertThat(memory.batch(18_432 + 40)).isEqualTo(24);
        assertThat(memory.batch(34_816 + 40)).isEqualTo(13);
        assertThat(memory.tokensOf(16)).isEqualTo(28_576);
        assertThat(CAP.pages(BYTES_PER_PAGE, 40_000_000_000L)).isEqualTo(23_672);
    }

    @Test
    void countsWholePages() {
        DeviceMemory memory = new DeviceMemory(10, 8);
        assertThat(memory.batch(16)).isEqualTo(5);
        assertThat(memory.batch(17)).isEqualTo(3);
        assertThat(memory.batch(81)).isZero();
    }

    @Test
    void decodesNoMoreRowsThanGraphsHave() {
        assertThat(new DeviceMemory(1000, 8).batch(8)).isEqualTo(DeviceMemory.MOST_SEQUENCES);
    }

    @Test
    void refusesACapThatHoldsNothing() {
        assertThatThrownBy(() -> new DeviceMemory.Cap(1000, 900, 100)).hasMessageContaining("bench.cap-bytes (1000)");
    }
}
