package dev.contexture.retrieval;

import dev.contexture.core.SelectionRule;

/**
 * One sequence of a step that wants a selection: a decode row for its own token, or a chunk of a prompt for some of its
 * tokens, which then share it.
 *
 * @param sequence index in the step
 * @param tokens whose wishes count; one for a decode row
 * @param tokenPositions of these
 * @param position the last position that is chosen from, and always selected: a decode row's own, or the one before a chunk
 * @param blockEnds ends of the sequence's semantic blocks, ascending; empty where the rule needs none
 */
@SuppressWarnings("ArrayRecordComponent")
public record SelectionQuery(
        int sequence,
        RetrievalState state,
        int[] tokens,
        int[] tokenPositions,
        int position,
        SelectionRule rule,
        int[] blockEnds) {
    public SelectionQuery {
        if (tokens.length == 0 || tokens.length != tokenPositions.length) {
            throw new IllegalArgumentException("a selection is for at least one token, each with its position, but has "
                    + tokens.length + " tokens and " + tokenPositions.length + " positions");
        }
    }
}
