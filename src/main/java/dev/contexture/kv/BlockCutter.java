package dev.contexture.kv;

import java.util.function.IntConsumer;

/**
 * Cuts one sequence's tokens into semantic blocks as they come. Where it cuts must depend on the tokens alone, so that
 * equal prefixes give equal blocks, which sequences then share.
 */
public interface BlockCutter {
    /**
     * Takes the sequence's next tokens, {@code tokens[from]} to {@code tokens[to - 1]}.
     *
     * @param ends told of every block end that became certain: the position behind the block's last token, ascending
     */
    void accept(int[] tokens, int from, int to, IntConsumer ends);

    /** A cutter per sequence. */
    interface Factory {
        BlockCutter newCutter();
    }

    /** Blocks of one length. */
    static Factory fixed(int blockTokens) {
        if (blockTokens < 1) {
            throw new IllegalArgumentException("a block needs at least one token but has " + blockTokens);
        }
        return () -> new BlockCutter() {
            private int seen;

            @Override
            public void accept(int[] tokens, int from, int to, IntConsumer ends) {
                int before = seen;
                seen += to - from;
                for (int end = (before / blockTokens + 1) * blockTokens; end <= seen; end += blockTokens) {
                    ends.accept(end);
                }
            }
        };
    }
}
