package dev.contexture.bench;

import dev.contexture.bench.BenchTexts.Text;
import java.util.Arrays;

/**
 * Given tokens that are decoded behind a context of given tokens, one per step.
 *
 * @param kind of text or task, for tables
 * @param unit which windows depend on each other: those with the same unit share their context
 */
@SuppressWarnings("ArrayRecordComponent")
record Window(String kind, String unit, int[] context, int[] forced) {
    /** The last {@code forced} of a text's first {@code length} tokens. */
    static Window endOf(Text text, int length, int forced) {
        return new Window(
                text.kind(),
                text.kind() + " " + text.number(),
                text.from(0, length - forced),
                text.from(length - forced, length));
    }

    int[] tokens() {
        int[] all = Arrays.copyOf(context, context.length + forced.length);
        System.arraycopy(forced, 0, all, context.length, forced.length);
        return all;
    }
}
