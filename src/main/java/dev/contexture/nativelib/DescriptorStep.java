package dev.contexture.nativelib;

import dev.contexture.core.SelectionRule;
import java.util.List;

/**
 * Rows that want a selection by descriptors, as the native library reads them.
 *
 * @param sequences of the descriptors; 0: none, so nothing is selected
 * @param positions of the rows' tokens
 * @param queries of each row, as {@link NativeKvPool#queries} gives them
 */
@SuppressWarnings("ArrayRecordComponent")
public record DescriptorStep(long[] sequences, int[] positions, List<SelectionRule> rules, List<float[]> queries) {
    public DescriptorStep {
        rules = List.copyOf(rules);
        queries = List.copyOf(queries);
    }

    public int rows() {
        return positions.length;
    }

    /** Most positions that a row can get. */
    public int stride() {
        int stride = 1;
        for (int row = 0; row < rows(); row++) {
            stride = Math.max(stride, Math.min(rules.get(row).budget(), positions[row] + 1));
        }
        return stride;
    }
}
