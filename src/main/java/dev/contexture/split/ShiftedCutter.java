package dev.contexture.split;

import dev.contexture.kv.BlockCutter;
import java.util.function.IntConsumer;

/** Blocks of one length behind a first block of another. */
final class ShiftedCutter implements BlockCutter {
    private final int blockTokens;
    private int seen;
    private int nextEnd;

    ShiftedCutter(int firstTokens, int blockTokens) {
        this.blockTokens = blockTokens;
        this.nextEnd = firstTokens;
    }

    @Override
    public void accept(int[] tokens, int from, int to, IntConsumer ends) {
        seen += to - from;
        while (nextEnd <= seen) {
            ends.accept(nextEnd);
            nextEnd += blockTokens;
        }
    }
}
