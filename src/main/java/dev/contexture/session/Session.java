package dev.contexture.session;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A conversation as of its last complete turn: its messages, and the tokens that the model saw and made of them.
 *
 * @param lineage shared by sessions that were forked from one another; names blocks that are theirs alone
 * @param timeToLive after the last use
 * @param turns that were completed
 * @param tokens prompt and output of the last turn, which hold all before
 * @param owner the replica that completed the last turn; empty before the first
 * @param marks points of the conversation that something outside refers to, in their order
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
        String owner,
        List<Mark> marks) {
    private static final int MOST_METADATA = 16;
    private static final int MOST_METADATA_KEY_CHARS = 64;
    private static final int MOST_METADATA_VALUE_CHARS = 512;

    public Session {
        metadata = Map.copyOf(metadata);
        messages = List.copyOf(messages);
        tokens = tokens.clone();
        marks = List.copyOf(marks);
        requireBounded(metadata);
        if (timeToLive.isNegative() || timeToLive.isZero()) {
            throw new IllegalArgumentException("ttl_seconds must be positive but is " + timeToLive.toSeconds());
        }
    }

    /**
     * A point of a conversation, behind an answer.
     *
     * @param messages up to it
     * @param tokens the first tokens of the session that were its tokens then, too
     */
    public record Mark(String name, int messages, int tokens) {
        public Mark {
            if (name.isEmpty() || messages < 0 || tokens < 0) {
                throw new IllegalArgumentException(
                        "a mark has a name, messages and tokens but not '" + name + "', " + messages + ", " + tokens);
            }
        }

        private Mark within(int tokensKept) {
            return tokens <= tokensKept ? this : new Mark(name, messages, tokensKept);
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

    public Optional<Mark> mark(String name) {
        return marks.stream().filter(mark -> mark.name.equals(name)).findFirst();
    }

    /** Whether nothing was said behind this mark. */
    public boolean endsAt(String name) {
        return mark(name).filter(mark -> mark.messages == messages.size()).isPresent();
    }

    /**
     * After one more turn.
     *
     * @param kept first tokens that are those of before
     * @param mark names the end of the turn, if it is to be found again
     */
    Session advanced(
            List<SessionMessage> nextMessages,
            int[] nextTokens,
            int kept,
            Optional<String> mark,
            Instant now,
            String by) {
        List<Mark> nextMarks = new ArrayList<>();
        marks.forEach(before -> nextMarks.add(before.within(kept)));
        mark.ifPresent(name -> nextMarks.add(new Mark(name, nextMessages.size(), nextTokens.length)));
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
                by,
                nextMarks);
    }

    /**
     * Said otherwise. Tokens stay: the next turn goes on from as many of them as its prompt begins with.
     *
     * @param same first messages that are those of before
     */
    Session retold(List<SessionMessage> otherMessages, int same, Map<String, String> otherMetadata, Instant now) {
        return new Session(
                id,
                lineage,
                model,
                created,
                now,
                timeToLive,
                pinned,
                otherMetadata,
                turns,
                otherMessages,
                tokens,
                owner,
                marks.stream().filter(mark -> mark.messages <= same).toList());
    }

    Session pinned(boolean value) {
        return new Session(
                id,
                lineage,
                model,
                created,
                lastUsed,
                timeToLive,
                value,
                metadata,
                turns,
                messages,
                tokens,
                owner,
                marks);
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
                owner,
                List.of());
    }

    /** The conversation up to a mark, under another id. */
    Session forkedAt(Mark mark, String newId, Instant now) {
        Session cut = upTo(mark, List.of());
        return cut.forked(newId, Map.of(), now);
    }

    /**
     * What lies behind a mark is forgotten.
     *
     * @param left marks that remain
     */
    Session upTo(Mark mark, List<Mark> left) {
        return new Session(
                id,
                lineage,
                model,
                created,
                lastUsed,
                timeToLive,
                pinned,
                metadata,
                turns,
                messages.subList(0, mark.messages),
                Arrays.copyOf(tokens, mark.tokens),
                owner,
                left);
    }
}
