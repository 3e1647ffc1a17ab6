package dev.contexture.split;

import dev.contexture.kv.BlockCutter;
import java.util.function.IntConsumer;

/** Blocks whose lengths are drawn by a hash of seed and place in the sequence, so that every sequence gets the same ones. */
final class RandomCutter implements BlockCutter {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    private final LengthDistribution lengths;
    private final long seed;
    private int seen;
    private int blocks;
    private int nextEnd;

    RandomCutter(LengthDistribution lengths, long seed) {
        this.lengths = lengths;
        this.seed = seed;
        this.nextEnd = length(0);
    }

    @Override
    public void accept(int[] tokens, int from, int to, IntConsumer ends) {
        seen += to - from;
        while (nextEnd <= seen) {
            ends.accept(nextEnd);
            blocks++;
            nextEnd += length(blocks);
        }
    }

    private int length(int block) {
        return lengths.draw(mix(mix(seed) + GOLDEN * (block + 1L)));
    }

    /** SplitMix64's finaliser. */
    private static long mix(long value) {
        long bits = (value ^ value >>> 30) * 0xBF58476D1CE4E5B9L;
        bits = (bits ^ bits >>> 27) * 0x94D049BB133111EBL;
        return bits ^ bits >>> 31;
    }
}
