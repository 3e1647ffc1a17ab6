package dev.contexture.session;

import java.time.Duration;

/**
 * Bounds of sessions.
 *
 * @param defaultTimeToLive after the last use, where a session asks for none
 * @param maxTimeToLive most that a session may ask for
 * @param lease how long a replica may go on with a turn without being heard of
 * @param maxWait most that a turn may wait for another of its session
 * @param maxRecordBytes of a conversation's text, tokens and metadata
 */
public record SessionSettings(
        Duration defaultTimeToLive, Duration maxTimeToLive, Duration lease, Duration maxWait, int maxRecordBytes) {
    public SessionSettings {
        requirePositive(defaultTimeToLive, "default-ttl");
        requirePositive(maxTimeToLive, "max-ttl");
        requirePositive(lease, "lease");
        if (maxWait.isNegative()) {
            throw new IllegalArgumentException("contexture.session.max-wait must not be negative but is " + maxWait);
        }
        if (defaultTimeToLive.compareTo(maxTimeToLive) > 0) {
            throw new IllegalArgumentException("contexture.session.default-ttl (" + defaultTimeToLive
                    + ") must not be longer than max-ttl (" + maxTimeToLive + ")");
        }
        if (maxRecordBytes < 1024) {
            throw new IllegalArgumentException(
                    "contexture.session.max-record-size must be at least 1KB but is " + maxRecordBytes + "B");
        }
    }

    private static void requirePositive(Duration value, String name) {
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException("contexture.session." + name + " must be positive but is " + value);
        }
    }
}
