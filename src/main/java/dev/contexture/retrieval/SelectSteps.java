package dev.contexture.retrieval;

import dev.contexture.core.SelectionRule;
import dev.contexture.kv.StepSlots;
import dev.contexture.nativelib.SelectStep;
import java.util.ArrayList;
import java.util.List;

/** Queries in the flat form of the native library. */
final class SelectSteps {
    private SelectSteps() {}

    static SelectStep of(List<SelectionQuery> queries, StepSlots slots) {
        int count = queries.size();
        int[] positions = new int[count];
        int[] queryOffsets = new int[count + 1];
        int[] pageOffsets = new int[count + 1];
        int[] blockOffsets = new int[count + 1];
        for (int i = 0; i < count; i++) {
            SelectionQuery query = queries.get(i);
            positions[i] = query.position();
            queryOffsets[i + 1] = queryOffsets[i] + query.tokens().length;
            pageOffsets[i + 1] = pageOffsets[i] + slots.pageCount(query.sequence());
            blockOffsets[i + 1] = blockOffsets[i] + query.blockEnds().length;
        }
        int[] queryPositions = new int[queryOffsets[count]];
        int[] pages = new int[pageOffsets[count]];
        int[] blockEnds = new int[blockOffsets[count]];
        List<SelectionRule> rules = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            SelectionQuery query = queries.get(i);
            System.arraycopy(query.tokenPositions(), 0, queryPositions, queryOffsets[i], query.tokens().length);
            slots.copyPages(query.sequence(), pages, pageOffsets[i]);
            System.arraycopy(query.blockEnds(), 0, blockEnds, blockOffsets[i], query.blockEnds().length);
            rules.add(query.rule());
        }
        return new SelectStep(
                positions, queryOffsets, queryPositions, pageOffsets, pages, rules, blockOffsets, blockEnds);
    }
}
