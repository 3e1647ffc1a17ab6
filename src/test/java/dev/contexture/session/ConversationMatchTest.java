package dev.contexture.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConversationMatchTest {
    /** {@code s:}, {@code u:} or {@code a:} before the content. */
    private static List<SessionMessage> conversation(String... messages) {
        return Arrays.stream(messages)
                .map(text -> SessionMessage.of(
                        switch (text.charAt(0)) {
                            case 's' -> "system";
                            case 'u' -> "user";
                            default -> "assistant";
                        },
                        text.substring(2)))
                .toList();
    }

    private static void expect(List<SessionMessage> session, List<SessionMessage> sent, int known, String... all) {
        ConversationMatch match = ConversationMatch.of(session, sent);
        assertThat(match.messages()).isEqualTo(conversation(all));
        assertThat(match.known()).isEqualTo(known);
    }

    private static final List<SessionMessage> SESSION = conversation("s:rules", "u:one", "a:1", "u:two", "a:2");

    @Test
    void whatIsNewGoesBehind() {
        expect(SESSION, conversation("u:three"), 0, "s:rules", "u:one", "a:1", "u:two", "a:2", "u:three");
        expect(conversation(), conversation("s:rules", "u:one"), 0, "s:rules", "u:one");
        expect(conversation("s:rules"), conversation("u:one"), 0, "s:rules", "u:one");
    }

    /** One message alone is new even if it says what another said. */
    @Test
    void aMessageMayBeSaidAgain() {
        expect(SESSION, conversation("u:one"), 0, "s:rules", "u:one", "a:1", "u:two", "a:2", "u:one");
    }

    @Test
    void theWholeConversationIsRecognised() {
        expect(
                SESSION,
                conversation("s:rules", "u:one", "a:1", "u:two", "a:2", "u:three"),
                5,
                "s:rules",
                "u:one",
                "a:1",
                "u:two",
                "a:2",
                "u:three");
        expect(
                SESSION,
                conversation("u:one", "a:1", "u:two", "a:2", "u:three"),
                4,
                "s:rules",
                "u:one",
                "a:1",
                "u:two",
                "a:2",
                "u:three");
    }

    @Test
    void aConversationThatWasEditedGoesOnFromWhereItWas() {
        expect(SESSION, conversation("s:rules", "u:one", "a:1", "u:other"), 3, "s:rules", "u:one", "a:1", "u:other");
        expect(SESSION, conversation("s:new rules", "u:one", "a:1", "u:x"), 2, "s:new rules", "u:one", "a:1", "u:x");
    }

    @Test
    void rulesThatAreSentAgainAreNotDoubled() {
        expect(SESSION, conversation("s:rules", "u:three"), 1, "s:rules", "u:one", "a:1", "u:two", "a:2", "u:three");
    }

    /** As those do who write a question down before they ask it. */
    @Test
    void whatWaitsForAnAnswerMayBeSent() {
        List<SessionMessage> open = conversation("s:rules", "u:one", "a:1", "u:one");
        String[] all = {"s:rules", "u:one", "a:1", "u:one"};
        expect(open, conversation("u:one"), 1, all);
        expect(open, open, 4, all);
        expect(open, conversation("u:one", "a:1", "u:one"), 3, all);
        expect(open, conversation("s:new", "u:one"), 1, "s:new", "u:one", "a:1", "u:one");
        expect(open, conversation("u:two"), 0, "s:rules", "u:one", "a:1", "u:one", "u:two");
    }

    /** Advisors may add to a question behind the one that wrote it down. */
    @Test
    void aFirstQuestionMayBeAskedInOtherWords() {
        expect(
                conversation("u:one"),
                conversation("s:rules", "u:one, by the book"),
                0,
                "s:rules",
                "u:one, by the book");
        expect(conversation("u:one"), conversation("u:one, by the book"), 0, "u:one, by the book");
        expect(
                conversation("u:one", "a:1", "u:two"),
                conversation("s:rules", "u:one", "a:1", "u:two, by the book"),
                2,
                "s:rules",
                "u:one",
                "a:1",
                "u:two, by the book");
    }

    @Test
    void nothingNewIsAnError() {
        assertThatThrownBy(() -> ConversationMatch.of(SESSION, conversation("u:one", "a:1")))
                .isInstanceOf(InvalidPromptException.class)
                .hasMessageContaining("at least one that is new");
        assertThatThrownBy(() -> ConversationMatch.of(SESSION, SESSION)).isInstanceOf(InvalidPromptException.class);
    }
}
