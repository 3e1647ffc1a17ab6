package dev.contexture.testing;

import dev.contexture.kv.BlockCutter;
import java.util.function.IntConsumer;

/** Blocks of 3 to 11 tokens whose length depends on their first token, certain only one token later. */
public final class VaryingCutter implements BlockCutter {
    private int seen;
    private int begin;
    private int length;
    private int previous;

    @Override
    public void accept(int[] tokens, int from, int to, IntConsumer ends) {
        for (int i = from; i < to; i++, seen++) {
            if (seen == begin) {
                length = lengthOf(tokens[i]);
            } else if (seen == begin + length + 1) {
                begin += length;
                ends.accept(begin);
                length = lengthOf(previous);
            }
            previous = tokens[i];
        }
    }

    private static int lengthOf(int firstToken) {
        return 3 + Math.floorMod(firstToken * 31, 9);
    }
}
