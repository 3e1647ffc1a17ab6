package dev.contexture.selection;

import dev.contexture.core.SelectionMatrix;
import dev.contexture.core.Sparsity;

/**
 * A selection that serves another step: each list takes the new token in and, where it is full, lets the oldest token of
 * its recent window go, which no longer belongs to it.
 */
public final class SelectionReuse {
    private SelectionReuse() {}

    /**
     * @param selection of one row, made for the token before
     * @param policy by which it was made: no list grows beyond the budget, and each ends with the recent window
     */
    public static SelectionMatrix next(SelectionMatrix selection, int position, Sparsity policy) {
        if (selection.rows() != 1) {
            throw new IllegalArgumentException("only the selection of a single row can be carried on");
        }
        int stride = selection.stride();
        int recent = policy.recent();
        int[] counts = selection.counts().clone();
        int[] positions = selection.positions().clone();
        for (int list = 0; list < counts.length; list++) {
            int begin = list * stride;
            int count = counts[list];
            if (count == stride || count >= policy.budget()) {
                int oldestRecent = begin + count - recent;
                System.arraycopy(positions, oldestRecent + 1, positions, oldestRecent, recent - 1);
                positions[begin + count - 1] = position;
            } else {
                positions[begin + count] = position;
                counts[list]++;
            }
        }
        float[] mass = new float[counts.length];
        java.util.Arrays.fill(mass, (float) selection.meanMass(0));
        return new SelectionMatrix(1, selection.groups(), selection.kvHeads(), stride, counts, positions, mass);
    }
}
