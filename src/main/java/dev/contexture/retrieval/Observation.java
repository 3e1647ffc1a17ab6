package dev.contexture.retrieval;

/**
 * A sequence of the step that has just run.
 *
 * @param sequence index in the step
 * @param tokens its rows
 * @param mayChoose whether its next token may want a selection
 * @param unscored tokens before its next one that no selection scores, as they are attended in any case
 */
@SuppressWarnings("ArrayRecordComponent")
public record Observation(int sequence, RetrievalState state, int[] tokens, boolean mayChoose, int unscored) {}
