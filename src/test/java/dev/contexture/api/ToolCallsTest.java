package dev.contexture.api;

import static dev.contexture.api.ScriptedChat.ask;
import static dev.contexture.api.ScriptedChat.body;
import static org.assertj.core.api.Assertions.assertThat;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.FunctionDefinition;
import com.openai.models.FunctionParameters;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionMessageFunctionToolCall;
import com.openai.models.chat.completions.ChatCompletionToolMessageParam;
import dev.contexture.session.Session;
import dev.contexture.session.Sessions;
import dev.contexture.session.dialect.ArgumentDelivery;
import dev.contexture.session.dialect.CallOutcome;
import dev.contexture.session.dialect.DialectSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.springframework.http.MediaType;
import org.springframework.test.web.reactive.server.WebTestClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Tools on the wire, over scripted answers: shapes of answers and chunks, errors, sessions, OpenAI's own client. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ToolCallsTest {
    private static final String TOOLS = """
            "tools": [
              {"type": "function", "function": {"name": "get_weather", "description": "Weather now",
                "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}, "strict": true}},
              {"type": "function", "function": {"name": "clock"}}]""";
    private static final String CALL =
            "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Turku\"}}\n</tool_call>";
    private static final String CLOCK = "<tool_call>\n{\"name\": \"clock\", \"arguments\": {}}\n</tool_call>";

    private final ScriptedChat chat = new ScriptedChat("qwen3", DialectSettings.AUTO);
    private final ScriptedChat asDrawn = new ScriptedChat(
            "qwen3",
            new DialectSettings(
                    Optional.empty(), ArgumentDelivery.AS_DRAWN, new DialectSettings.Thoughts.ByTemplate()));
    private WebTestClient client = WebTestClient.bindToServer().build();

    @BeforeAll
    void connect() {
        client = WebTestClient.bindToServer().baseUrl(chat.url()).build();
    }

    @BeforeEach
    void forget() {
        chat.outcomes.clear();
    }

    @AfterAll
    void disconnect() {
        chat.close();
        asDrawn.close();
    }

    private static List<JsonNode> chunks(WebTestClient with, String body) {
        List<String> lines = with.post()
                .uri("/chat/completions")
                .contentType(MediaType.APPLICATION_JSON)
                .bodyValue(body)
                .exchange()
                .expectStatus()
                .isOk()
                .expectHeader()
                .contentTypeCompatibleWith(MediaType.TEXT_EVENT_STREAM)
                .returnResult(String.class)
                .getResponseBody()
                .collectList()
                .blockOptional()
                .orElseThrow();
        assertThat(lines.getLast()).isEqualTo("[DONE]");
        return lines.subList(0, lines.size() - 1).stream()
                .map(JsonMapper.shared()::readTree)
                .toList();
    }

    private static String text(JsonNode node) {
        return node.toString();
    }

    @Test
    void aCallInAWholeAnswer() {
        JsonNode choice = chat.choice(CALL, ask(TOOLS));
        assertThat(text(choice.path("message")))
                .isEqualTo(
                        "{\"role\":\"assistant\",\"content\":null,\"refusal\":null,\"tool_calls\":[{\"id\":\""
                                + choice.at("/message/tool_calls/0/id").asString()
                                + "\",\"type\":\"function\",\"function\":{\"name\":\"get_weather\",\"arguments\":\"{\\\"city\\\": \\\"Turku\\\"}\"}}]}");
        assertThat(choice.at("/message/tool_calls/0/id").asString()).startsWith("call_");
        assertThat(choice.path("finish_reason").asString()).isEqualTo("tool_calls");
        assertThat(chat.outcomes).containsExactly(CallOutcome.COMPLETE);
        assertThat(chat.generator.lastPrompt())
                .contains(
                        "<tools>\n{\"type\": \"function\", \"function\": {\"name\": \"get_weather\", \"description\": \"Weather now\", "
                                + "\"parameters\": {\"type\": \"object\", \"properties\": {\"city\": {\"type\": \"string\"}}, \"required\": [\"city\"]}}}\n"
                                + "{\"type\": \"function\", \"function\": {\"name\": \"clock\", \"parameters\": {\"type\": \"object\", \"properties\": {}}}}\n</tools>");
    }

    @Test
    void textAndSeveralCalls() {
        JsonNode choice = chat.choice("I look.\n" + CALL + "\n" + CLOCK, ask(TOOLS));
        assertThat(choice.at("/message/content").asString()).isEqualTo("I look.");
        assertThat(choice.at("/message/tool_calls").size()).isEqualTo(2);
        JsonNode one = chat.choice(CALL + "\n" + CLOCK, ask(TOOLS, "\"parallel_tool_calls\": false"));
        assertThat(one.at("/message/tool_calls").size()).isEqualTo(1);
        assertThat(one.path("finish_reason").asString()).isEqualTo("tool_calls");
    }

    @Test
    void withoutACallNothingIsDifferent() {
        for (String fields : List.of(TOOLS, TOOLS + ", \"tool_choice\": \"auto\"")) {
            JsonNode choice = chat.choice("It is fine.", ask(fields));
            assertThat(text(choice.path("message")))
                    .isEqualTo("{\"role\":\"assistant\",\"content\":\"It is fine.\",\"refusal\":null}");
            assertThat(choice.path("finish_reason").asString()).isEqualTo("stop");
        }
        JsonNode none = chat.choice(CALL, ask(TOOLS, "\"tool_choice\": \"none\""));
        assertThat(none.at("/message/content").asString()).isEqualTo(CALL);
        assertThat(chat.generator.lastPrompt()).doesNotContain("get_weather");
    }

    @Test
    void whatIsNoCallIsContent() {
        String broken = "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {city: 1}}\n</tool_call>";
        JsonNode choice = chat.choice(broken, ask(TOOLS));
        assertThat(choice.at("/message/content").asString()).isEqualTo(broken);
        assertThat(choice.path("finish_reason").asString()).isEqualTo("stop");
        JsonNode cut = chat.choice(CALL, ask(TOOLS, "\"max_tokens\": 40"));
        assertThat(cut.at("/message/content").asString()).isEqualTo(CALL.substring(0, 40));
        assertThat(cut.path("finish_reason").asString()).isEqualTo("length");
        assertThat(chat.outcomes).containsExactly(CallOutcome.MALFORMED, CallOutcome.INCOMPLETE);
    }

    @Test
    void chunksOfCalls() {
        chat.generator.willAnswer("Hm.\n" + CALL + "\n" + CLOCK);
        List<JsonNode> chunks =
                chunks(client, ask(TOOLS, "\"stream\": true", "\"stream_options\": {\"include_usage\": true}"));
        assertThat(text(chunks.getFirst().path("choices")))
                .isEqualTo(
                        "[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,\"finish_reason\":null}]");
        List<String> deltas = chunks.stream()
                .filter(chunk -> !chunk.path("choices").isEmpty())
                .skip(1)
                .map(chunk -> {
                    assertThat(chunk.path("id")).isEqualTo(chunks.getFirst().path("id"));
                    assertThat(chunk.path("choices").path(0).path("index").asInt())
                            .isZero();
                    return text(chunk.path("choices").path(0).path("delta"));
                })
                .toList();
        assertThat(deltas)
                .containsExactly(
                        "{\"content\":\"H\"}",
                        "{\"content\":\"m\"}",
                        "{\"content\":\".\"}",
                        "{\"tool_calls\":[{\"index\":0,\"id\":\"" + id(deltas, 3)
                                + "\",\"type\":\"function\",\"function\":{\"name\":\"get_weather\",\"arguments\":\"\"}}]}",
                        "{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"city\\\": \\\"Turku\\\"}\"}}]}",
                        "{\"tool_calls\":[{\"index\":1,\"id\":\"" + id(deltas, 5)
                                + "\",\"type\":\"function\",\"function\":{\"name\":\"clock\",\"arguments\":\"\"}}]}",
                        "{\"tool_calls\":[{\"index\":1,\"function\":{\"arguments\":\"{}\"}}]}",
                        "{}");
        JsonNode last = chunks.get(chunks.size() - 2);
        assertThat(last.at("/choices/0/finish_reason").asString()).isEqualTo("tool_calls");
        JsonNode usage = chunks.getLast();
        assertThat(usage.path("choices").isEmpty()).isTrue();
        assertThat(usage.at("/usage/completion_tokens").asInt()).isEqualTo(("Hm.\n" + CALL + "\n" + CLOCK).length());
    }

    private static String id(List<String> deltas, int index) {
        return JsonMapper.shared()
                .readTree(deltas.get(index))
                .at("/tool_calls/0/id")
                .asString();
    }

    @Test
    void thoughtsAreApart() {
        JsonNode choice = chat.choice("<think>\nWind.\n</think>\n\nFine.", ask());
        assertThat(text(choice.path("message")))
                .isEqualTo(
                        "{\"role\":\"assistant\",\"content\":\"Fine.\",\"refusal\":null,\"reasoning_content\":\"Wind.\"}");
        chat.generator.willAnswer("<think>\nWind.\n</think>\n\nFine.");
        List<JsonNode> chunks =
                chunks(client, ask("\"stream\": true", "\"stream_options\": {\"include_usage\": true}"));
        StringBuilder reasoning = new StringBuilder();
        StringBuilder content = new StringBuilder();
        chunks.forEach(chunk -> {
            JsonNode delta = chunk.at("/choices/0/delta");
            reasoning.append(delta.path("reasoning_content").asString(""));
            content.append(delta.path("content").asString(""));
        });
        assertThat(reasoning).hasToString("Wind.");
        assertThat(content).hasToString("Fine.");
        // "<think>" becomes one with its last letter; "</think>" and all between count.
        assertThat(chunks.getLast()
                        .at("/usage/completion_tokens_details/reasoning_tokens")
                        .asInt())
                .isEqualTo(1 + "\nWind.\n</think>".length());
    }

    @Test
    void thinkingIsTurnedOffByEffortOrArgument() {
        chat.choice("x", ask("\"reasoning_effort\": \"none\""));
        assertThat(chat.generator.lastPrompt()).endsWith("<think>\n\n</think>\n\n");
        chat.choice("x", ask("\"reasoning_effort\": \"high\""));
        assertThat(chat.generator.lastPrompt()).endsWith("assistant\n");
        chat.choice(
                "x", ask("\"reasoning_effort\": \"high\"", "\"chat_template_kwargs\": {\"enable_thinking\": false}"));
        assertThat(chat.generator.lastPrompt()).endsWith("<think>\n\n</think>\n\n");
        assertThat(chat.post(ask("\"reasoning_effort\": \"much\""), 400)
                        .at("/error/param")
                        .asString())
                .isEqualTo("reasoning_effort");
    }

    private static String called(String calls, String... more) {
        return "{\"role\": \"user\", \"content\": \"x\"}, {\"role\": \"assistant\", \"content\": null, \"tool_calls\": "
                + calls + "}"
                + String.join(
                        "", java.util.Arrays.stream(more).map(m -> ", " + m).toList());
    }

    private void isRefused(String body, String param) {
        JsonNode error = chat.post(body, 400).path("error");
        assertThat(error.path("param").asString()).as(text(error)).isEqualTo(param);
        assertThat(error.path("type").asString()).isEqualTo("invalid_request_error");
        assertThat(error.path("message").asString()).isNotBlank();
        assertThat(error.path("code").asString()).isNotBlank();
    }

    private static String tool(String function) {
        return "\"tools\": [{\"type\": \"function\", \"function\": " + function + "}]";
    }

    @Test
    void toolsThatAreNoneAreRefused() {
        isRefused(ask("\"tools\": [null]"), "tools[0]");
        isRefused(ask("\"tools\": [{}]"), "tools[0].type");
        isRefused(ask("\"tools\": [{\"type\": \"web_search\"}]"), "tools[0].type");
        isRefused(ask("\"tools\": [{\"type\": \"function\"}]"), "tools[0].function");
        isRefused(ask("\"tools\": [{\"type\": \"function\", \"function\": []}]"), "tools[0].function");
        isRefused(ask(tool("{}")), "tools[0].function.name");
        isRefused(ask(tool("{\"name\": 7}")), "tools[0].function.name");
        isRefused(ask(tool("{\"name\": \"\"}")), "tools[0].function.name");
        isRefused(ask(tool("{\"name\": \"get weather\"}")), "tools[0].function.name");
        isRefused(ask(tool("{\"name\": \"" + "x".repeat(65) + "\"}")), "tools[0].function.name");
        isRefused(ask(tool("{\"name\": \"f\", \"description\": {}}")), "tools[0].function.description");
        isRefused(ask(tool("{\"name\": \"f\", \"strict\": \"yes\"}")), "tools[0].function.strict");
        isRefused(ask(tool("{\"name\": \"f\", \"parameters\": []}")), "tools[0].function.parameters");
        isRefused(
                ask(tool("{\"name\": \"f\", \"parameters\": {\"type\": \"array\"}}")),
                "tools[0].function.parameters.type");
        isRefused(
                ask(tool("{\"name\": \"f\", \"parameters\": {\"type\": \"object\", \"properties\": []}}")),
                "tools[0].function.parameters.properties");
        String f = "{\"type\": \"function\", \"function\": {\"name\": \"f\"}}";
        isRefused(ask("\"tools\": [" + f + "," + f + "]"), "tools[1].function.name");
        List<String> many = new ArrayList<>();
        for (int i = 0; i < 129; i++) {
            many.add(f.replace("\"f\"", "\"f" + i + "\""));
        }
        isRefused(ask("\"tools\": [" + String.join(",", many) + "]"), "tools");
        isRefused(ask("\"tools\": {}"), "tools");
    }

    @Test
    void choicesThatAreNoneAreRefused() {
        isRefused(ask(TOOLS, "\"tool_choice\": \"any\""), "tool_choice");
        isRefused(ask(TOOLS, "\"tool_choice\": 3"), "tool_choice");
        isRefused(ask(TOOLS, "\"tool_choice\": {\"type\": \"tool\"}"), "tool_choice.type");
        isRefused(ask(TOOLS, "\"tool_choice\": {\"type\": \"function\"}"), "tool_choice.function");
        isRefused(
                ask(TOOLS, "\"tool_choice\": {\"type\": \"function\", \"function\": {}}"), "tool_choice.function.name");
        isRefused(
                ask(TOOLS, "\"tool_choice\": {\"type\": \"function\", \"function\": {\"name\": \"missing\"}}"),
                "tool_choice.function.name");
        isRefused(ask("\"tool_choice\": \"required\""), "tool_choice");
        isRefused(ask(TOOLS, "\"parallel_tool_calls\": \"no\""), "parallel_tool_calls");
    }

    @Test
    void turnsThatDoNotFitAreRefused() {
        String call =
                "{\"id\": \"a\", \"type\": \"function\", \"function\": {\"name\": \"clock\", \"arguments\": \"{}\"}}";
        String result = "{\"role\": \"tool\", \"tool_call_id\": \"%s\", \"content\": \"1\"}";
        isRefused(body(called("[" + call + "]", result.formatted("b")), TOOLS), "messages[2].tool_call_id");
        isRefused(
                body("{\"role\": \"tool\", \"tool_call_id\": \"a\", \"content\": \"1\"}", TOOLS),
                "messages[0].tool_call_id");
        isRefused(
                body(called("[" + call + "]", "{\"role\": \"tool\", \"content\": \"1\"}")), "messages[2].tool_call_id");
        isRefused(
                body(called("[" + call + "]", "{\"role\": \"tool\", \"tool_call_id\": \"a\"}")), "messages[2].content");
        isRefused(body(called("[" + call + "," + call + "]")), "messages[1].tool_calls[1].id");
        isRefused(body(called("{}")), "messages[1].tool_calls");
        isRefused(body(called("[7]")), "messages[1].tool_calls[0]");
        isRefused(body(called("[{\"id\": \"a\"}]")), "messages[1].tool_calls[0].function");
        isRefused(body(called("[" + call.replace("\"a\"", "7") + "]")), "messages[1].tool_calls[0].id");
        isRefused(
                body(called("[" + call.replace("\"clock\"", "\"\"") + "]")), "messages[1].tool_calls[0].function.name");
        isRefused(
                body(called("[" + call.replace("\"{}\"", "\"{\"") + "]")),
                "messages[1].tool_calls[0].function.arguments");
        isRefused(
                body(called("[" + call.replace("\"{}\"", "\"[]\"") + "]")),
                "messages[1].tool_calls[0].function.arguments");
        isRefused(
                body(called("[" + call.replace("\"{}\"", "{}") + "]")), "messages[1].tool_calls[0].function.arguments");
        chat.choice("ok", body(called("[" + call.replace("\"{}\"", "\"\"") + "]", result.formatted("a"))));
        assertThat(chat.generator.lastPrompt()).contains("{\"name\": \"clock\", \"arguments\": {}}");
    }

    /** The client sends what is new: the result of the call that the session has; nothing before it is tokenised again. */
    @Test
    void sessionsGoOnBehindCalls() {
        String id = chat.sessions
                .sessions()
                .create("local", new Sessions.Asked("scripted", Optional.empty(), Map.of(), Optional.empty()))
                .blockOptional()
                .orElseThrow()
                .id();
        String session = "\"session_id\": \"" + id + "\"";
        JsonNode first = chat.choice("<think>\nI look.\n</think>\n\n" + CALL, ask(TOOLS, session));
        String prompt = chat.generator.lastPrompt();
        String call = first.at("/message/tool_calls/0/id").asString();
        String result = "{\"role\": \"tool\", \"tool_call_id\": \"" + call + "\", \"content\": \"rain\"}";
        JsonNode second = chat.choice("It rains.", body(result, TOOLS, session));
        assertThat(second.at("/message/content").asString()).isEqualTo("It rains.");
        assertThat(chat.generator.lastPrompt())
                .isEqualTo(
                        prompt + "<think>\nI look.\n</think>\n\n" + CALL
                                + "<|im_end|>\n<|im_start|>user\n<tool_response>\nrain\n</tool_response><|im_end|>\n<|im_start|>assistant\n");
        Session kept =
                chat.sessions.sessions().find("local", id).blockOptional().orElseThrow();
        assertThat(kept.messages()).hasSize(4);
        assertThat(kept.messages().get(1).fields()).containsKeys("tool_calls", "reasoning_content");
        isRefused(
                body("{\"role\": \"tool\", \"tool_call_id\": \"x\", \"content\": \"1\"}", TOOLS, session),
                "messages[4].tool_call_id");
        // Everything from the beginning is recognised, too.
        String whole =
                "{\"role\": \"user\", \"content\": \"How is it in Turku?\"}, {\"role\": \"assistant\", \"content\": null, \"tool_calls\": "
                        + first.at("/message/tool_calls") + "}, " + result
                        + ", {\"role\": \"assistant\", \"content\": \"It rains.\"}, {\"role\": \"user\", \"content\": \"Thanks.\"}";
        chat.generator.willAnswer("Bye.");
        JsonNode third = chat.post(body(whole, TOOLS, session), 200);
        assertThat(third.at("/contexture/session/matched_messages").asInt()).isEqualTo(4);
    }

    private static OpenAIClient openAi(ScriptedChat with) {
        return OpenAIOkHttpClient.builder()
                .baseUrl(with.url())
                .apiKey("none")
                .maxRetries(0)
                .build();
    }

    private static ChatCompletionCreateParams.Builder question() {
        FunctionParameters parameters = FunctionParameters.builder()
                .putAdditionalProperty("type", JsonValue.from("object"))
                .putAdditionalProperty("properties", JsonValue.from(Map.of("city", Map.of("type", "string"))))
                .build();
        return ChatCompletionCreateParams.builder()
                .model("scripted")
                .addUserMessage("How is it in Turku?")
                .addFunctionTool(FunctionDefinition.builder()
                        .name("get_weather")
                        .parameters(parameters)
                        .build());
    }

    /** It puts the pieces together, and takes what it made back. */
    @Test
    void openAisClientAccumulatesAndAnswers() {
        for (ScriptedChat with : List.of(chat, asDrawn)) {
            OpenAIClient openAi = openAi(with);
            try {
                with.generator.willAnswer("Hm.\n" + CALL + CALL);
                ChatCompletionAccumulator accumulator = ChatCompletionAccumulator.create();
                int pieces = 0;
                try (StreamResponse<ChatCompletionChunk> chunks =
                        openAi.chat().completions().createStreaming(question().build())) {
                    for (ChatCompletionChunk chunk : (Iterable<ChatCompletionChunk>) chunks.stream()::iterator) {
                        accumulator.accumulate(chunk);
                        pieces += chunk.choices()
                                .getFirst()
                                .delta()
                                .toolCalls()
                                .orElse(List.of())
                                .size();
                    }
                }
                assertThat(pieces).isEqualTo(with == chat ? 4 : 2 * (1 + "{\"city\": \"Turku\"}".length()));
                ChatCompletion.Choice choice =
                        accumulator.chatCompletion().choices().getFirst();
                assertThat(choice.finishReason()).isEqualTo(ChatCompletion.Choice.FinishReason.TOOL_CALLS);
                assertThat(choice.message().content()).contains("Hm.");
                List<ChatCompletionMessageFunctionToolCall> calls = choice.message().toolCalls().orElseThrow().stream()
                        .map(call -> call.asFunction())
                        .toList();
                assertThat(calls).hasSize(2).allSatisfy(call -> {
                    assertThat(call.function().name()).isEqualTo("get_weather");
                    assertThat(call.function().arguments()).isEqualTo("{\"city\": \"Turku\"}");
                });
                ChatCompletionCreateParams.Builder next = question().addMessage(choice.message());
                calls.forEach(call -> next.addMessage(ChatCompletionToolMessageParam.builder()
                        .toolCallId(call.id())
                        .content("rain")
                        .build()));
                with.generator.willAnswer("It rains.");
                ChatCompletion answer = openAi.chat().completions().create(next.build());
                assertThat(answer.choices().getFirst().message().content()).contains("It rains.");
                assertThat(with.generator.lastPrompt())
                        .contains("Hm.\n" + CALL + "\n" + CALL + "<|im_end|>")
                        .contains("<tool_response>\nrain\n</tool_response>\n<tool_response>\nrain");
            } finally {
                openAi.close();
            }
        }
    }
}
