package dev.contexture.constrain;

/**
 * What constraints took so far.
 *
 * @param masks that were asked for
 * @param workNanos of the threads that work them out
 * @param waitNanos of the threads that asked for them
 * @param compiled grammars
 * @param reused grammars that were known already
 */
public record ConstraintStats(long masks, long workNanos, long waitNanos, long compiled, long reused) {}
