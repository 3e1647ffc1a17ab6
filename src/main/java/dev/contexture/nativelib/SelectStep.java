package dev.contexture.nativelib;

import dev.contexture.core.SelectionRule;
import java.util.List;

/**
 * Rows that want a selection, as the native library reads them.
 *
 * @param positions the last position that each row chooses from, always selected
 * @param queryOffsets row {@code i} chooses for the queries {@code queryOffsets[i] .. queryOffsets[i + 1]}
 * @param queryPositions where each query stands, not before its row's position
 * @param pageOffsets row {@code i}'s sequence lies on {@code pages[pageOffsets[i]] .. pages[pageOffsets[i + 1]]}
 * @param blockOffsets row {@code i}'s blocks end at {@code blockEnds[blockOffsets[i]] .. blockEnds[blockOffsets[i + 1]]}
 */
@SuppressWarnings("ArrayRecordComponent")
public record SelectStep(
        int[] positions,
        int[] queryOffsets,
        int[] queryPositions,
        int[] pageOffsets,
        int[] pages,
        List<SelectionRule> rules,
        int[] blockOffsets,
        int[] blockEnds) {
    public SelectStep {
        rules = List.copyOf(rules);
    }

    public int rows() {
        return positions.length;
    }
}
