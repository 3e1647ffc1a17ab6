package dev.contexture.kv.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MemoryModelTest {
    private static final double GIB = 1L << 30;

    /** Llama-3.1-8B and the like in 16 bits, with the paper's sizes. */
    private static MemoryModel model(double memoryGib, double weightGigabytes, int layers, int kvHeads, int headDim) {
        return new MemoryModel(
                (long) (memoryGib * GIB),
                (long) ((weightGigabytes + 0.06) * 1e9),
                0.3,
                layers,
                4L * kvHeads * headDim,
                2L * kvHeads * headDim,
                2048);
    }

    /** The paper's own thresholds, in thousands of tokens per sequence. */
    @ParameterizedTest
    @CsvSource({
        "80, 1, 0, 428.5",
        "80, 1, 1, 440.4",
        "80, 1, 4, 480.2",
        "80, 1, 8, 546.2",
        "80, 1, 16, 753.5",
        "80, 4, 0, 107.1",
        "80, 4, 8, 136.1",
        "80, 32, 0, 13.4",
        "80, 32, 16, 22.0",
        "24, 1, 0, 31.8",
        "24, 1, 16, 54.4"
    })
    void thresholdsArePublishedOnes(double memoryGib, int sequences, int hostLayers, double thousands) {
        MemoryModel llama = model(memoryGib, 16.06, 32, 8, 128);
        assertThat(llama.publishedThreshold(hostLayers, sequences, 4) / 1e3)
                .isCloseTo(thousands, Percentage.withPercentage(1));
    }

    /** Keys alone for the head and no repeated heads: 37 layers' worth become 32.5. */
    @Test
    void realSizesHoldMore() {
        MemoryModel llama = model(80, 16.06, 32, 8, 128);
        double ratio = (double) llama.threshold(0, 1) / llama.publishedThreshold(0, 1, 4);
        assertThat(ratio).isCloseTo(37 / 32.5, Percentage.withPercentage(0.1));
        assertThat(llama.threshold(0, 16)).as("the sum of the lengths counts").isEqualTo(llama.threshold(0, 1));
    }

    @Test
    void aThresholdIsTheLastThatFits() {
        MemoryModel llama = model(24, 16.06, 32, 8, 128);
        for (int layers = 0; layers <= 32; layers++) {
            for (int sequences : new int[] {1, 7, 32}) {
                long tokens = llama.threshold(layers, sequences);
                if (tokens > 0) {
                    assertThat(llama.usedBytes(tokens, sequences, layers)).isLessThanOrEqualTo(llama.memoryBytes());
                    assertThat(llama.usedBytes(tokens + 1, sequences, layers)).isGreaterThan(llama.memoryBytes());
                }
            }
        }
    }

    @Test
    void whatDoesNotFitIsSaid() {
        MemoryModel large = model(80, 141, 80, 8, 128);
        assertThat(large.freeBytes()).isNegative();
        assertThat(large.threshold(0, 1)).isZero();
        assertThat(MemoryReport.of("70B", large, List.of(1))).last().asString().contains("do not fit");
        assertThat(MemoryReport.of("8B", model(24, 16.06, 32, 8, 128), List.of(1, 16)))
                .hasSize(4);
        assertThatThrownBy(() -> large.threshold(81, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new MemoryModel(0, 1, 0, 1, 1, 1, 1)).isInstanceOf(IllegalArgumentException.class);
    }
}
