package dev.contexture.nativelib;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.core.SelectionRule;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What crosses to the native library of the head's keys: sizes that both sides know, and refusals. */
class FfmRetrievalPoolTest {
    private static final SelectionRule RULE = new SelectionRule(
            SelectionRule.Unit.TOKENS, 16, 4, 8, 16, SelectionRule.HeadReduction.MAX, SelectionRule.BlockPooling.SUM);

    @TempDir
    private static Path directory;

    private static FfmRetrievalPool pool(int headDim) {
        float[] angles = new float[64 * headDim / 2];
        return new FfmRetrievalPool(
                NativeLibrary.openBundled(directory),
                new FfmRetrievalPool.Shape(5, 2, 4, headDim, 16, 7),
                64,
                angles,
                angles);
    }

    @Test
    void bothSidesCountTheSameBytes() {
        for (int headDim : new int[] {32, 40, 64, 128}) {
            try (FfmRetrievalPool pool = pool(headDim)) {
                assertThat(pool.bytes()).isEqualTo(7 * FfmRetrievalPool.Shape.bytesPerPage(5, 2, headDim, 16));
            }
        }
    }

    @Test
    void whatDoesNotFitIsRefusedWithTheReason() {
        try (FfmRetrievalPool pool = pool(32)) {
            assertThatThrownBy(() -> pool.setAppend(new int[] {64}, new long[] {0}))
                    .isInstanceOf(NativeException.class)
                    .hasMessageContaining("position of row 0 is 64; it must be in 0..63");
            SelectStep beyond = new SelectStep(
                    new int[] {20},
                    new int[] {0, 1},
                    new int[] {20},
                    new int[] {0, 1},
                    new int[] {3},
                    List.of(RULE),
                    new int[] {0, 0},
                    new int[0]);
            assertThatThrownBy(() -> pool.setSelect(beyond))
                    .isInstanceOf(NativeException.class)
                    .hasMessageContaining("row 0 has 1 pages of 16 tokens; position 20 needs more");
        }
    }

    @Test
    void closingTwiceClosesOnceAndCallsFailFromThenOn() {
        FfmRetrievalPool pool = pool(32);
        pool.close();
        pool.close();
        assertThatThrownBy(() -> pool.copyPage(0, 1, 16))
                .isInstanceOf(NativeException.class)
                .hasMessageContaining("there is no pool " + pool.id());
    }

    @Test
    void whatCannotBeMadeSaysWhy() {
        assertThatThrownBy(() -> pool(33))
                .isInstanceOf(NativeException.class)
                .hasMessageContaining("head_dim is 33; it must be even");
    }
}
