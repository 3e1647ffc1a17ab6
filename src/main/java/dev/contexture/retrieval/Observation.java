package dev.contexture.retrieval;

/**
 * A sequence of the step that has just run, whose next token may want a selection.
 *
 * @param sequence index in the step
 */
public record Observation(int sequence, RetrievalState state) {}
