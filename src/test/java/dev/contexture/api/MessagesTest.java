package dev.contexture.api;

import static dev.contexture.api.MessageBodies.MESSAGES;
import static dev.contexture.api.MessageBodies.TOOLS;
import static dev.contexture.api.MessageBodies.ask;
import static dev.contexture.api.MessageBodies.asking;
import static dev.contexture.api.MessageBodies.client;
import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.session.Sessions;
import dev.contexture.session.dialect.ArgumentDelivery;
import dev.contexture.session.dialect.DialectSettings;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.http.MediaType;
import org.springframework.http.codec.ServerSentEvent;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Anthropic's messages on the wire, over scripted answers: answers, events in their order, tools, thoughts, counting, sessions. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MessagesTest {
    private static final String CALL =
            "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Turku\"}}\n</tool_call>";
    private static final String CLOCK = "<tool_call>\n{\"name\": \"clock\", \"arguments\": {}}\n</tool_call>";

    private final ScriptedChat chat = new ScriptedChat("qwen3", DialectSettings.AUTO);
    private final ScriptedChat asDrawn = new ScriptedChat(
            "qwen3",
            new DialectSettings(
                    Optional.empty(), ArgumentDelivery.AS_DRAWN, new DialectSettings.Thoughts.ByTemplate()));

    @AfterAll
    void disconnect() {
        chat.close();
        asDrawn.close();
    }

    private JsonNode answer(String answer, String body) {
        chat.generator.willAnswer(answer);
        return chat.post(MESSAGES, body, 200);
    }

    /** Each as its name and its data, which must be of the same type. */
    private static List<String> events(ScriptedChat with, String body) {
        return client(with)
                .post()
                .uri(MESSAGES)
                .contentType(MediaType.APPLICATION_JSON)
                .bodyValue(body)
                .exchange()
                .expectStatus()
                .isOk()
                .expectHeader()
                .contentTypeCompatibleWith(MediaType.TEXT_EVENT_STREAM)
                .returnResult(new ParameterizedTypeReference<ServerSentEvent<String>>() {})
                .getResponseBody()
                .map(event -> {
                    String data = String.valueOf(event.data());
                    assertThat(JsonMapper.shared().readTree(data).path("type").asString())
                            .isEqualTo(event.event());
                    return data;
                })
                .collectList()
                .blockOptional()
                .orElseThrow();
    }

    private static String shape(String data) {
        JsonNode event = JsonMapper.shared().readTree(data);
        String type = event.path("type").asString();
        return switch (type) {
            case "content_block_start" ->
                type + " " + event.path("index") + " "
                        + event.at("/content_block/type").asString();
            case "content_block_delta" ->
                type + " " + event.path("index") + " " + event.at("/delta/type").asString();
            case "content_block_stop" -> type + " " + event.path("index");
            default -> type;
        };
    }

    /** Deltas of a block that follow each other count as one: letters are tokens here. */
    private static List<String> shapes(List<String> events) {
        List<String> all = events.stream().map(MessagesTest::shape).toList();
        return IntStream.range(0, all.size())
                .filter(i -> i == 0 || !all.get(i).equals(all.get(i - 1)))
                .mapToObj(all::get)
                .toList();
    }

    private static String deltas(List<String> events, String field) {
        return events.stream()
                .map(JsonMapper.shared()::readTree)
                .map(event -> event.path("delta").path(field).asString(""))
                .collect(Collectors.joining());
    }

    @Test
    void aWholeAnswer() {
        chat.generator.willAnswer("Fine.", 7);
        JsonNode message = chat.post(MESSAGES, ask("\"system\": \"Be brief.\""), 200);
        String prompt = chat.generator.lastPrompt();
        assertThat(prompt)
                .startsWith("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHow is it in Turku?<|im_end|>");
        ((ObjectNode) message.path("usage")).remove("contexture");
        assertThat(message)
                .hasToString(
                        "{\"id\":\"msg_x\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"scripted\",\"content\":["
                                + "{\"type\":\"text\",\"text\":\"Fine.\"}],\"stop_reason\":\"end_turn\",\"stop_sequence\":null,"
                                + "\"usage\":{\"input_tokens\":" + (prompt.length() - 7)
                                + ",\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":7,\"output_tokens\":5,"
                                + "\"output_tokens_details\":{\"thinking_tokens\":0}}}");
    }

    @Test
    void theEventsOfAStream() {
        chat.generator.willAnswer("Hm", 3);
        List<String> events = events(chat, ask("\"stream\": true"));
        int prompt = chat.generator.lastPrompt().length();
        String usage = "\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":3";
        assertThat(events.subList(0, events.size() - 2))
                .containsExactly(
                        "{\"type\":\"message_start\",\"message\":{\"id\":\"msg_x\",\"type\":\"message\",\"role\":\"assistant\","
                                + "\"model\":\"scripted\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{"
                                + "\"input_tokens\":" + (prompt - 3) + "," + usage
                                + ",\"output_tokens\":0,\"output_tokens_details\":{\"thinking_tokens\":0}}}}",
                        "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}",
                        "{\"type\":\"ping\"}",
                        "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"H\"}}",
                        "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"m\"}}",
                        "{\"type\":\"content_block_stop\",\"index\":0}");
        assertThat(events.get(events.size() - 2))
                .startsWith(
                        "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{"
                                + "\"input_tokens\":" + (prompt - 3) + "," + usage + ",\"output_tokens\":2,");
        assertThat(events.getLast()).isEqualTo("{\"type\":\"message_stop\"}");
    }

    @Test
    void thoughtsTextAndCallsAreBlocks() {
        String drawn = "<think>\nWind.\n</think>\n\nI look.\n" + CALL + "\n" + CLOCK;
        JsonNode message = answer(drawn, ask(TOOLS));
        JsonNode content = message.path("content");
        assertThat(content.path(0)).hasToString("{\"type\":\"thinking\",\"thinking\":\"Wind.\",\"signature\":\"\"}");
        assertThat(content.path(1).path("type").asString()).isEqualTo("text");
        assertThat(content.path(1).path("text").asString()).startsWith("I look.");
        assertThat(content.path(2).path("id").asString()).startsWith("call_");
        assertThat(content.path(2).path("name").asString()).isEqualTo("get_weather");
        assertThat(content.path(2).path("input")).hasToString("{\"city\":\"Turku\"}");
        assertThat(content.path(3).path("type").asString()).isEqualTo("tool_use");
        assertThat(content.path(3).path("input")).hasToString("{}");
        assertThat(content).hasSize(4);
        assertThat(message.path("stop_reason").asString()).isEqualTo("tool_use");
        assertThat(message.at("/usage/output_tokens_details/thinking_tokens").asInt())
                .isPositive();
        for (ScriptedChat with : List.of(chat, asDrawn)) {
            with.generator.willAnswer(drawn);
            List<String> events = events(with, ask(TOOLS, "\"stream\": true"));
            assertThat(shapes(events))
                    .containsExactly(
                            "message_start",
                            "content_block_start 0 thinking",
                            "ping",
                            "content_block_delta 0 thinking_delta",
                            "content_block_stop 0",
                            "content_block_start 1 text",
                            "content_block_delta 1 text_delta",
                            "content_block_stop 1",
                            "content_block_start 2 tool_use",
                            "content_block_delta 2 input_json_delta",
                            "content_block_stop 2",
                            "content_block_start 3 tool_use",
                            "content_block_delta 3 input_json_delta",
                            "content_block_stop 3",
                            "message_delta",
                            "message_stop");
            assertThat(deltas(events, "thinking")).isEqualTo("Wind.");
            assertThat(deltas(events, "text"))
                    .isEqualTo(content.path(1).path("text").asString());
            assertThat(deltas(events, "partial_json")).isEqualTo("{\"city\": \"Turku\"}{}");
            assertThat(events.get(events.size() - 2)).contains("\"stop_reason\":\"tool_use\"");
        }
    }

    /** Tools and results reach the model as those of chat completions do. */
    @Test
    void theModelReadsWhatChatCompletionsWouldSay() {
        answer("ok", asking("""
                {"role": "user", "content": [{"type": "text", "text": "How ", "cache_control": {"type": "ephemeral"}},
                  {"type": "text", "text": "is it?"}]},
                {"role": "assistant", "content": [{"type": "thinking", "thinking": "I look.", "signature": "x"},
                  {"type": "redacted_thinking", "data": "x"}, {"type": "text", "text": "Hm."},
                  {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Turku"}},
                  {"type": "tool_use", "id": "toolu_2", "name": "clock", "input": {}}]},
                {"role": "user", "content": [
                  {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "rain"}]},
                  {"type": "tool_result", "tool_use_id": "toolu_2", "is_error": true, "content": "stopped"},
                  {"type": "text", "text": "And now?"}]}""", TOOLS, "\"system\": [{\"type\": \"text\", \"text\": \"Brief.\"}]"));
        String messages = chat.generator.lastPrompt();
        chat.choice("ok", ScriptedChat.body("""
                {"role": "system", "content": "Brief."}, {"role": "user", "content": "How is it?"},
                {"role": "assistant", "content": "Hm.", "reasoning_content": "I look.", "tool_calls": [
                  {"id": "toolu_1", "type": "function", "function": {"name": "get_weather", "arguments": "{\\"city\\": \\"Turku\\"}"}},
                  {"id": "toolu_2", "type": "function", "function": {"name": "clock", "arguments": "{}"}}]},
                {"role": "tool", "tool_call_id": "toolu_1", "content": "rain"},
                {"role": "tool", "tool_call_id": "toolu_2", "content": "Error: stopped"},
                {"role": "user", "content": "And now?"}""", """
                "tools": [{"type": "function", "function": {"name": "get_weather", "description": "Weather now",
                    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}},
                  {"type": "function", "function": {"name": "clock", "parameters": {"type": "object", "properties": {}}}}]"""));
        assertThat(messages).isEqualTo(chat.generator.lastPrompt()).contains("Error: stopped", "\"city\": \"Turku\"");
    }

    @Test
    void choicesOfTools() {
        assertThat(answer(CALL, ask(TOOLS, "\"tool_choice\": {\"type\": \"tool\", \"name\": \"get_weather\"}"))
                        .path("stop_reason")
                        .asString())
                .isEqualTo("tool_use");
        assertThat(chat.generator.lastRequest().constraint()).isPresent();
        JsonNode any = answer(CALL, ask(TOOLS, "\"tool_choice\": {\"type\": \"any\"}"));
        assertThat(any.at("/content/0/name").asString()).isEqualTo("get_weather");
        assertThat(chat.generator.lastRequest().constraint()).isPresent();
        JsonNode none = answer(CALL, ask(TOOLS, "\"tool_choice\": {\"type\": \"none\"}"));
        assertThat(none.at("/content/0/text").asString()).isEqualTo(CALL);
        assertThat(none.path("stop_reason").asString()).isEqualTo("end_turn");
        assertThat(chat.generator.lastPrompt()).doesNotContain("get_weather");
        JsonNode single = answer(
                CALL + "\n" + CLOCK,
                ask(TOOLS, "\"tool_choice\": {\"type\": \"auto\", \"disable_parallel_tool_use\": true}"));
        assertThat(single.path("content")).hasSize(1);
    }

    @Test
    void whyAnAnswerEnded() {
        JsonNode stopped = answer("one two three", ask("\"stop_sequences\": [\"nine\", \"two\"]"));
        assertThat(stopped.path("stop_reason").asString()).isEqualTo("stop_sequence");
        assertThat(stopped.path("stop_sequence").asString()).isEqualTo("two");
        assertThat(stopped.at("/content/0/text").asString()).isEqualTo("one ");
        chat.generator.willAnswer("one two three");
        assertThat(events(chat, ask("\"stop_sequences\": [\"two\"]", "\"stream\": true")))
                .anyMatch(event -> event.contains("{\"stop_reason\":\"stop_sequence\",\"stop_sequence\":\"two\"}"));
        JsonNode cut = answer("one two three", ask().replace("500", "4"));
        assertThat(cut.path("stop_reason").asString()).isEqualTo("max_tokens");
        assertThat(cut.path("stop_sequence").isNull()).isTrue();
        JsonNode nothing = answer("", ask());
        assertThat(nothing.path("content")).isEmpty();
        assertThat(nothing.path("stop_reason").asString()).isEqualTo("end_turn");
    }

    /** As drawn, half a call was passed on already; a whole answer leaves it out. */
    @Test
    void aCallThatBreaksOff() {
        asDrawn.generator.willAnswer(CALL);
        JsonNode cut = asDrawn.post(MESSAGES, ask(TOOLS).replace("500", Integer.toString(CALL.indexOf("Turku"))), 200);
        assertThat(cut.path("content")).isEmpty();
        assertThat(cut.path("stop_reason").asString()).isEqualTo("max_tokens");
    }

    @Test
    void thinkingIsTheTemplates() {
        answer("x", ask("\"thinking\": {\"type\": \"disabled\"}"));
        assertThat(chat.generator.lastPrompt()).endsWith("<think>\n\n</think>\n\n");
        for (String on : List.of("{\"type\": \"enabled\", \"budget_tokens\": 1024}", "{\"type\": \"adaptive\"}")) {
            answer("x", ask("\"thinking\": " + on));
            assertThat(chat.generator.lastPrompt()).endsWith("assistant\n");
        }
    }

    @Test
    void answersOfASchema() {
        String format =
                "\"output_config\": {\"format\": {\"type\": \"json_schema\", \"schema\": {\"type\": \"object\", \"properties\": "
                        + "{\"a\": {\"type\": \"integer\"}}, \"required\": [\"a\"], \"additionalProperties\": false}}}";
        assertThat(answer("{\"a\": 1}", ask(format)).at("/content/0/text").asString())
                .isEqualTo("{\"a\": 1}");
        assertThat(chat.generator.lastRequest().constraint()).isPresent();
    }

    @Test
    void tokensAreCountedAsTheyAreRead() {
        String body = asking("{\"role\": \"user\", \"content\": \"How is it?\"}", TOOLS);
        answer("x", body);
        JsonNode count = chat.post("/messages/count_tokens", body.replace("\"max_tokens\": 500, ", ""), 200);
        assertThat(count)
                .hasToString("{\"input_tokens\":" + chat.generator.lastPrompt().length() + "}");
        assertThat(chat.post("/messages/count_tokens", "{\"model\": \"scripted\"}", 400)
                        .at("/error/message")
                        .asString())
                .contains("messages");
    }

    @Test
    void aTurnOfASession() {
        String id = chat.sessions
                .sessions()
                .create("local", new Sessions.Asked("scripted", Optional.empty(), Map.of(), Optional.empty()))
                .blockOptional()
                .orElseThrow()
                .id();
        String session = "\"session_id\": \"" + id + "\"";
        answer("Rain.", ask(session));
        JsonNode second = answer("Wind.", asking("{\"role\": \"user\", \"content\": \"And now?\"}", session));
        assertThat(chat.generator.lastPrompt()).contains("How is it in Turku?", "Rain.", "And now?");
        assertThat(second.at("/contexture/session/turn").asInt()).isEqualTo(2);
        chat.generator.willAnswer("Sun.");
        assertThat(events(chat, asking("{\"role\": \"user\", \"content\": \"And?\"}", session, "\"stream\": true")))
                .anyMatch(event -> event.contains("message_delta") && event.contains("\"turn\":3"));
        assertThat(chat.post(MESSAGES, ask("\"session_id\": \"none\""), 404)
                        .at("/error/type")
                        .asString())
                .isEqualTo("not_found_error");
    }
}
