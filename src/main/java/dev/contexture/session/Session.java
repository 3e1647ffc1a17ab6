package dev.contexture.session;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A conversation as of its last complete turn: its messages, and the tokens that the model saw and made of them.
 *
 * @param lineage shared by sessions that were forked from one another; names blocks that are theirs alone
 * @param timeToLive after the last use
 * @param turns that were completed
 * @param tokens prompt and output of the last turn, which hold all before
 * @param owner the replica that completed the last turn; empty before the first
 */
@SuppressWarnings("ArrayRecordComponent")
public record Session(
        String id,
        String lineage,
        String model,
        Instant created,
        Instant lastUsed,
        Duration timeToLive,
        boolean pinned,
        Map<String, String> metadata,
        int turns,
        List<SessionMessage> messages,
        int[] tokens,
        String owner) {
    private static final int MOST_METADATA = 16;
    private static final int MOST_METADATA_KEY_CHARS = 64;
    private static final int MOST_METADATA_VALUE_CHARS = 512;

    public Session {
        metadata = Map.copyOf(metadata);
        messages = List.copyOf(messages);
        tokens = tokens.clone();
        requireBounded(metadata);
        if (timeToLive.isNegative() || timeToLive.isZero()) {
            throw new IllegalArgumentException("ttl_seconds must be positive but is " + timeToLive.toSeconds());
        }
    }

    private static void requireBounded(Map<String, String> metadata) {
        if (metadata.size() > MOST_METADATA) {
            throw new IllegalArgumentException(
                    "metadata may have " + MOST_METADATA + " entries but has " + metadata.size());
        }
        metadata.forEach((key, value) -> {
            if (key.length() > MOST_METADATA_KEY_CHARS || value.length() > MOST_METADATA_VALUE_CHARS) {
                throw new IllegalArgumentException("metadata keys may have " + MOST_METADATA_KEY_CHARS
                        + " characters and values " + MOST_METADATA_VALUE_CHARS + ", but '"
                        + key.substring(0, Math.min(key.length(), MOST_METADATA_KEY_CHARS)) + "' is longer");
            }
        });
    }

    @Override
    public int[] tokens() {
        return tokens.clone();
    }

    public int tokenCount() {
        return tokens.length;
    }

    public Instant expires() {
        return lastUsed.plus(timeToLive);
    }

    /** After one more turn. */
    Session advanced(List<SessionMessage> nextMessages, int[] nextTokens, Instant now, String by) {
        return new Session(
                id,
                lineage,
                model,
                created,
                now,
                timeToLive,
                pinned,
                metadata,
                turns + 1,
                nextMessages,
                nextTokens,
                by);
    }

    Session pinned(boolean value) {
        return new Session(
                id, lineage, model, created, lastUsed, timeToLive, value, metadata, turns, messages, tokens, owner);
    }

    /** The same conversation under another id; what it makes of it from here on is its own. */
    Session forked(String newId, Map<String, String> moreMetadata, Instant now) {
        Map<String, String> merged = new LinkedHashMap<>(metadata);
        merged.putAll(moreMetadata);
        return new Session(
                newId,
                lineage,
                model,
                now,
                now,
                timeToLive,
                false,
                merged,
                turns,
                new ArrayList<>(messages),
                tokens,
                owner);
    }
}
