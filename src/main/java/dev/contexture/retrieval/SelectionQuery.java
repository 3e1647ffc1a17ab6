package dev.contexture.retrieval;

import dev.contexture.core.SelectionRule;

/**
 * One decode row that wants a selection.
 *
 * @param sequence index in the step
 * @param token the row's token
 * @param position of it
 * @param blockEnds ends of the sequence's semantic blocks, ascending; empty where the rule needs none
 */
@SuppressWarnings("ArrayRecordComponent")
public record SelectionQuery(
        int sequence, RetrievalState state, int token, int position, SelectionRule rule, int[] blockEnds) {}
