package dev.contexture.split;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.kv.BlockCutter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.Test;

/** The splitters that know nothing of the text. */
class ControlCuttersTest {
    private static final DelimiterTable TABLE = BuiltInDelimiters.general();

    private static BlockCutter.Factory factory(SplitMode mode, int blockTokens, int slackTokens, long seed) {
        SplitSettings settings = new SplitSettings(mode, blockTokens, slackTokens, 0.5, DelimiterScore.LITERAL, seed);
        return Splitters.of(settings, TABLE, () -> {
            throw new IllegalStateException("these cutters need no token classes");
        });
    }

    private static int[] lengths(BlockCutter.Factory cutters, int tokens, int chunk) {
        List<Integer> lengths = new ArrayList<>();
        int[] begin = {0};
        IntConsumer ends = end -> {
            lengths.add(end - begin[0]);
            begin[0] = end;
        };
        BlockCutter cutter = cutters.newCutter();
        int[] ids = new int[tokens];
        for (int at = 0; at < tokens; at += chunk) {
            cutter.accept(ids, at, Math.min(tokens, at + chunk), ends);
        }
        return lengths.stream().mapToInt(Integer::intValue).toArray();
    }

    @Test
    void fixedBlocksHaveOneLength() {
        assertThat(lengths(factory(SplitMode.FIXED, 16, 4, 0), 50, 50)).containsExactly(16, 16, 16);
    }

    @Test
    void shiftedBlocksBeginWithHalfOfOne() {
        BlockCutter.Factory cutters = factory(SplitMode.SHIFTED_FIXED, 16, 4, 0);
        assertThat(lengths(cutters, 56, 56)).containsExactly(8, 16, 16, 16);
        assertThat(lengths(cutters, 56, 3)).containsExactly(8, 16, 16, 16);
    }

    @Test
    void randomBlocksAreTheSameForEverySequenceOfASeed() {
        BlockCutter.Factory cutters = factory(SplitMode.RANDOM, 16, 4, 7);
        int[] lengths = lengths(cutters, 100_000, 100_000);
        assertThat(lengths(cutters, 100_000, 17)).isEqualTo(lengths);
        assertThat(lengths(factory(SplitMode.RANDOM, 16, 4, 8), 100_000, 17)).isNotEqualTo(lengths);
        assertThat(lengths).containsOnly(12, 13, 14, 15, 16, 17, 18, 19, 20);
        assertThat(Arrays.stream(lengths).average().orElseThrow()).isBetween(15.8, 16.2);
    }

    @Test
    void randomBlocksCanHaveTheLengthsOfOthers() {
        int[] measured = {3, 3, 3, 9};
        int[] lengths = lengths(Splitters.random(LengthDistribution.of(measured), 1), 45_000, 45_000);
        assertThat(lengths).containsOnly(3, 9);
        long long_ = Arrays.stream(lengths).filter(length -> length == 9).count();
        assertThat((double) long_ / lengths.length).isBetween(0.23, 0.27);
    }

    @Test
    void aDistributionHasBlocks() {
        assertThatThrownBy(() -> LengthDistribution.of(new int[] {})).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> LengthDistribution.of(new int[] {0, 3})).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new LengthDistribution(1, List.of(1L, -1L)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
