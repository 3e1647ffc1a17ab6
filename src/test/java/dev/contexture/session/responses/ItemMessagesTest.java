package dev.contexture.session.responses;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.session.SessionMessage;
import dev.contexture.session.responses.ResponseItem.FunctionCall;
import dev.contexture.session.responses.ResponseItem.FunctionCallOutput;
import dev.contexture.session.responses.ResponseItem.Message;
import dev.contexture.session.responses.ResponseItem.Reasoning;
import dev.contexture.session.responses.ResponseItem.Role;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ItemMessagesTest {
    private static Message message(Role role, String... texts) {
        return new Message("m", role, List.of(texts), true);
    }

    @Test
    void partsAreJoinedAndDevelopersAreTheSystem() {
        assertThat(ItemMessages.of(List.of(
                        message(Role.DEVELOPER, "Be brief."),
                        message(Role.USER, "a", "b"),
                        message(Role.ASSISTANT, "c"),
                        message(Role.ASSISTANT, "d"))))
                .containsExactly(
                        SessionMessage.of("system", "Be brief."),
                        SessionMessage.of("user", "ab"),
                        SessionMessage.of("assistant", "c"),
                        SessionMessage.of("assistant", "d"));
    }

    @Test
    void callsBelongToTheAssistantsMessage() {
        List<SessionMessage> messages = ItemMessages.of(List.of(
                message(Role.ASSISTANT, "I look."),
                new FunctionCall("f", "call_1", "weather", "{\"city\": \"Bern\"}", true),
                new FunctionCall("f", "call_2", "time", "{}", true),
                new FunctionCallOutput("o", "call_1", "rain"),
                new FunctionCall("f", "call_3", "time", "{}", true)));
        assertThat(messages).hasSize(3);
        Map<String, Object> first = messages.getFirst().fields();
        assertThat(first).containsEntry("role", "assistant").containsEntry("content", "I look.");
        assertThat((List<?>) first.get("tool_calls"))
                .hasSize(2)
                .first()
                .isEqualTo(Map.of(
                        "id",
                        "call_1",
                        "type",
                        "function",
                        "function",
                        Map.of("name", "weather", "arguments", Map.of("city", "Bern"))));
        assertThat(messages.get(1).fields())
                .isEqualTo(Map.of("role", "tool", "tool_call_id", "call_1", "content", "rain"));
        assertThat(messages.get(2).fields()).containsEntry("content", "");
    }

    @Test
    void thoughtsBelongToWhatWasSaidAfterThem() {
        List<SessionMessage> messages = ItemMessages.of(List.of(
                new Reasoning("r", "Hm.", true),
                message(Role.ASSISTANT, "I look."),
                new FunctionCall("f", "call_1", "time", "{}", true),
                new FunctionCallOutput("o", "call_1", "noon"),
                new Reasoning("r", "Noon!", true),
                new FunctionCall("f", "call_2", "time", "", true),
                new FunctionCallOutput("o", "call_2", "one"),
                new Reasoning("r", "Late.", false)));
        assertThat(messages)
                .extracting(SessionMessage::role)
                .containsExactly("assistant", "tool", "assistant", "tool", "assistant");
        assertThat(messages.getFirst().fields())
                .containsEntry("reasoning_content", "Hm.")
                .containsEntry("content", "I look.")
                .containsKey("tool_calls");
        assertThat(messages.get(2).fields())
                .containsEntry("reasoning_content", "Noon!")
                .containsEntry("content", "")
                .containsKey("tool_calls");
        assertThat(messages.get(4).fields())
                .containsEntry("reasoning_content", "Late.")
                .doesNotContainKey("tool_calls");
        assertThatThrownBy(() -> ItemMessages.of(List.of(new FunctionCall("f", "call_1", "time", "{\"a", true))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("call_1");
    }
}
