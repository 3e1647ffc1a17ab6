package dev.contexture.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.TreeMap;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** What is measured at some lengths is what all steps of an output take. */
class OutputShapeTest {
    private static final Offset<Double> ROUNDING = Offset.offset(1e-9);

    @Test
    void readsShapesAsThePaperWritesThem() {
        assertThat(OutputShape.parse("2k:32k")).isEqualTo(new OutputShape(2048, 32_768));
        assertThat(OutputShape.parse("100:20")).isEqualTo(new OutputShape(100, 20));
        assertThatThrownBy(() -> OutputShape.parse("2k")).hasMessageContaining("written in:out");
        assertThatThrownBy(() -> new OutputShape(1, 0)).hasMessageContaining("must be positive");
    }

    @Test
    void measuresBothEndsAndEvenlyBetween() {
        assertThat(new OutputShape(2048, 32_768).lengths(5)).containsExactly(2048, 10_240, 18_432, 26_624, 34_816);
        assertThat(new OutputShape(32_768, 2048).lengths(5)).containsExactly(32_768, 33_792, 34_816);
        assertThat(new OutputShape(64, 32).lengths(5)).containsExactly(64, 96);
    }

    @Test
    void addsUpStepsThatGrowEvenly() {
        OutputShape shape = new OutputShape(100, 40);
        // 1 ms at 100 tokens, and .1 ms more with each: 40 steps of 3 ms on average.
        assertThat(shape.decodeSeconds(new TreeMap<>(Map.of(100, 1.0, 140, 5.0))))
                .isCloseTo(0.120, ROUNDING);
        assertThat(shape.decodeSeconds(new TreeMap<>(Map.of(100, 1.0, 110, 2.0, 140, 5.0))))
                .isCloseTo(0.120, ROUNDING);
        assertThat(shape.decodeSeconds(new TreeMap<>(Map.of(100, 1.0, 120, 1.0, 140, 5.0))))
                .isCloseTo(0.080, ROUNDING);
    }

    @Test
    void leavesOutWhatLiesBeyondItsEnds() {
        TreeMap<Integer, Double> steps = new TreeMap<>(Map.of(50, 900.0, 100, 1.0, 140, 1.0, 200, 900.0));
        assertThat(new OutputShape(100, 40).decodeSeconds(steps)).isCloseTo(0.040, ROUNDING);
    }

    @Test
    void wantsBothEnds() {
        TreeMap<Integer, Double> steps = new TreeMap<>(Map.of(100, 1.0, 130, 1.0));
        assertThatThrownBy(() -> new OutputShape(100, 40).decodeSeconds(steps))
                .hasMessageContaining("steps at 100 and 140 were not measured");
    }
}
