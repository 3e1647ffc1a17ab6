package dev.contexture.session;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A session's conversation with the messages of a new turn. Clients send either what is new or everything from the beginning:
 * everything is recognised by its first message behind the system's, and goes on from the last message that is the same. A single
 * message is always new, unless it is what the session waits to have answered.
 *
 * @param messages of the whole conversation, the new ones last
 * @param known how many of those that were sent the session had already
 */
record ConversationMatch(List<SessionMessage> messages, int known) {
    /**
     * @throws InvalidPromptException if nothing is new
     */
    static ConversationMatch of(List<SessionMessage> session, List<SessionMessage> sent) {
        List<SessionMessage> sentSystem = system(sent);
        List<SessionMessage> ownSystem = system(session);
        List<SessionMessage> sentBody = sent.subList(sentSystem.size(), sent.size());
        List<SessionMessage> ownBody = session.subList(ownSystem.size(), session.size());
        boolean sameSystem = !sentSystem.isEmpty()
                && !ownSystem.isEmpty()
                && sentSystem.getFirst().says(ownSystem.getFirst());
        if (isOpen(ownBody) && endsWith(ownBody, sentBody)) {
            return new ConversationMatch(
                    joined(sentSystem.isEmpty() ? ownSystem : sentSystem, ownBody),
                    sentBody.size() + (sameSystem ? 1 : 0));
        }
        if (isOpen(ownBody) && ownBody.stream().noneMatch(ConversationMatch::isAnswer) && isOpen(sentBody)) {
            // Nothing came of what was written down: it is asked now, perhaps with more to read around it.
            return new ConversationMatch(
                    joined(sentSystem.isEmpty() ? ownSystem : sentSystem, sentBody), sameSystem ? 1 : 0);
        }
        int same = sent.size() > 1 ? common(ownBody, sentBody) : 0;
        if (same == sentBody.size() && (same > 0 || sameSystem)) {
            throw new InvalidPromptException(
                    "all " + sent.size() + " messages are part of the session already: send at least one that is new",
                    "messages");
        }
        List<SessionMessage> messages = new ArrayList<>();
        if (same > 0) {
            messages.addAll(sentSystem.isEmpty() ? ownSystem : sentSystem);
            messages.addAll(ownBody.subList(0, same));
        } else {
            messages.addAll(session);
            messages.addAll(sameSystem ? List.of() : sentSystem);
        }
        messages.addAll(sentBody.subList(same, sentBody.size()));
        return new ConversationMatch(List.copyOf(messages), same + (sameSystem ? 1 : 0));
    }

    private static List<SessionMessage> system(List<SessionMessage> messages) {
        return !messages.isEmpty() && messages.getFirst().role().equals("system") ? messages.subList(0, 1) : List.of();
    }

    /** Whether something was said that has no answer: conversations may be written down by others, too. */
    private static boolean isOpen(List<SessionMessage> body) {
        return !body.isEmpty() && !isAnswer(body.getLast());
    }

    static boolean isAnswer(SessionMessage message) {
        return message.role().equals("assistant");
    }

    private static boolean endsWith(List<SessionMessage> body, List<SessionMessage> sent) {
        int from = body.size() - sent.size();
        return !sent.isEmpty() && from >= 0 && common(body.subList(from, body.size()), sent) == sent.size();
    }

    static List<SessionMessage> joined(List<SessionMessage> some, List<SessionMessage> others) {
        return Stream.concat(some.stream(), others.stream()).toList();
    }

    static int common(List<SessionMessage> some, List<SessionMessage> others) {
        int same = 0;
        while (same < some.size() && same < others.size() && some.get(same).says(others.get(same))) {
            same++;
        }
        return same;
    }
}
