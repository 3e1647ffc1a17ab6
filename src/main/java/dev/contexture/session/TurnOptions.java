package dev.contexture.session;

import java.time.Duration;

/**
 * How a turn behaves beside its answer.
 *
 * @param longestWait for another turn of the session; zero: the turn is refused
 * @param onDisconnect what becomes of the turn if its client goes away
 */
public record TurnOptions(Duration longestWait, OnDisconnect onDisconnect) {
    public static final TurnOptions DEFAULT = new TurnOptions(Duration.ZERO, OnDisconnect.ROLLBACK);

    /** What becomes of an answer that nobody reads to its end. */
    public enum OnDisconnect {
        /** The session stays as it was. */
        ROLLBACK,
        /** What was made so far is the turn's answer. */
        KEEP
    }
}
