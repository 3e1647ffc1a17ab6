package dev.contexture.session;

import java.util.List;
import java.util.Optional;

/** What a turn makes of its session's messages. Asked while the right to the session is held. */
@FunctionalInterface
public interface TurnMessages {
    /**
     * @throws InvalidPromptException if there is nothing to say
     * @throws SessionMovedOnException if the turn belongs elsewhere
     */
    Messages of(Session session);

    /**
     * The messages of a turn.
     *
     * @param kept become the session's, with the answer behind them
     * @param read what the model reads: the same, perhaps with instructions of this turn alone before them
     * @param known how many of those that were sent the session had already
     * @param mark names the end of the turn, if it is to be found again
     */
    record Messages(List<SessionMessage> kept, List<SessionMessage> read, int known, Optional<String> mark) {
        public Messages {
            kept = List.copyOf(kept);
            read = List.copyOf(read);
        }
    }

    /** New messages, or the whole conversation with them. */
    static TurnMessages matching(List<SessionMessage> sent) {
        return session -> {
            ConversationMatch match = ConversationMatch.of(session.messages(), sent);
            return new Messages(match.messages(), match.messages(), match.known(), Optional.empty());
        };
    }
}
