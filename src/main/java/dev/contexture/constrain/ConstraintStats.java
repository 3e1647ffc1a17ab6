package dev.contexture.constrain;

/**
 * What constraints took so far.
 *
 * @param masks that were asked for
 * @param failed of these
 * @param workNanos of the threads that work them out
 * @param waitNanos of the threads that asked for them
 * @param compiled grammars
 * @param reused grammars that were known already
 * @param refused schemas that cannot be held
 * @param keptBytes of grammars and their masks that are kept now, about
 */
public record ConstraintStats(
        long masks,
        long failed,
        long workNanos,
        long waitNanos,
        long compiled,
        long reused,
        long refused,
        long keptBytes) {}
