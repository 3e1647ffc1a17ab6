package dev.contexture.api;

import static dev.contexture.api.ScriptedChat.ask;
import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.session.dialect.CallOutcome;
import dev.contexture.session.dialect.DialectSettings;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Answers that must call, over scripted answers, each of which its constraint must allow. */
class ForcedCallsTest {
    private static final String TOOLS = """
            "tools": [
              {"type": "function", "function": {"name": "get_weather", "description": "Weather now",
                "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}, "strict": true}},
              {"type": "function", "function": {"name": "clock"}}]""";
    private static final String CALL =
            "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Turku\"}}\n</tool_call>";
    private static final String CLOCK = "<tool_call>\n{\"name\": \"clock\", \"arguments\": {}}\n</tool_call>";

    private final ScriptedChat chat = new ScriptedChat("qwen3", DialectSettings.AUTO);

    @AfterEach
    void disconnect() {
        chat.close();
    }

    private static final String NAMED =
            "\"tool_choice\": {\"type\": \"function\", \"function\": {\"name\": \"get_weather\"}}";

    @Test
    void forcedCalls() {
        JsonNode required = chat.choice(CLOCK + "\n" + CALL, ask(TOOLS, "\"tool_choice\": \"required\""));
        assertThat(chat.generator.lastPrompt()).endsWith("<|im_start|>assistant\n");
        assertThat(required.at("/message/tool_calls/0/function/name").asString())
                .isEqualTo("clock");
        assertThat(required.at("/message/tool_calls").size()).isEqualTo(2);
        assertThat(required.path("finish_reason").asString()).isEqualTo("tool_calls");
        JsonNode one =
                chat.choice(CLOCK, ask(TOOLS, "\"tool_choice\": \"required\"", "\"parallel_tool_calls\": false"));
        assertThat(one.at("/message/tool_calls").size()).isEqualTo(1);
        assertThat(one.path("finish_reason").asString()).isEqualTo("tool_calls");
        JsonNode named = chat.choice(CALL.replace("Turku", "Å"), ask(TOOLS, NAMED));
        assertThat(named.at("/message/tool_calls").size()).isEqualTo(1);
        assertThat(named.at("/message/tool_calls/0/function/arguments").asString())
                .isEqualTo("{\"city\": \"Å\"}");
        assertThat(named.path("finish_reason").asString()).isEqualTo("stop");
    }

    /** What is in front of the call is a thought, and then nothing but the call may come. */
    @Test
    void forcedCallsComeBehindThoughts() {
        JsonNode named = chat.choice("<think>\nHm: </thin.\n</think>\n\n" + CALL, ask(TOOLS, NAMED));
        assertThat(named.at("/message/reasoning_content").asString()).isEqualTo("Hm: </thin.");
        assertThat(named.at("/message/content").isNull()).isTrue();
        assertThat(named.at("/message/tool_calls").size()).isEqualTo(1);
    }

    /** With a format and tools the answer is of the format, or calls. */
    @Test
    void formatsLeaveRoomForCalls() {
        String format = "\"response_format\": {\"type\": \"json_object\"}";
        JsonNode text = chat.choice("<think>\n\n</think>\n\n{\"a\": 1}", ask(TOOLS, format));
        assertThat(text.at("/message/content").asString()).isEqualTo("{\"a\": 1}");
        assertThat(chat.choice(CALL, ask(TOOLS, format))
                        .at("/message/tool_calls")
                        .size())
                .isEqualTo(1);
    }

    @Test
    void cutForcedCallsAreText() {
        JsonNode cut = chat.choice(CALL, ask(TOOLS, NAMED, "\"max_tokens\": 40"));
        assertThat(cut.at("/message/content").asString()).isEqualTo(CALL.substring(0, 40));
        assertThat(cut.at("/message").has("tool_calls")).isFalse();
        assertThat(cut.path("finish_reason").asString()).isEqualTo("length");
        assertThat(chat.outcomes).containsExactly(CallOutcome.INCOMPLETE);
    }

    private void isRefused(String body, String param, String words) {
        JsonNode error = chat.post(body, 400).path("error");
        assertThat(error.path("param").asString()).isEqualTo(param);
        assertThat(error.path("message").asString()).contains(words);
    }

    @Test
    void whatCannotBeHeldIsRefused() {
        isRefused(ask(TOOLS, NAMED, "\"stop\": \"}\""), "stop", "tool_choice");
        String odd = "\"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"odd\", "
                + "\"parameters\": {\"type\": \"object\", \"not\": {}}}}]";
        isRefused(ask(odd, "\"tool_choice\": \"required\""), "tools", "odd#/not");
        assertThat(chat.choice("No.", ask(odd)).at("/message/content").asString())
                .isEqualTo("No.");
    }
}
