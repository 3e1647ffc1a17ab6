package dev.contexture.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.helpers.ResponseAccumulator;
import com.openai.models.responses.FunctionTool;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseFunctionToolCall;
import com.openai.models.responses.ResponseInputItem;
import com.openai.models.responses.ResponseOutputItem;
import com.openai.models.responses.ResponseStreamEvent;
import dev.contexture.session.dialect.ArgumentDelivery;
import dev.contexture.session.dialect.DialectSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Tools and reasoning in responses, over scripted answers; streams by OpenAI's client, which checks every field. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ResponseToolsTest {
    private static final String TOOLS = """
            "tools": [
              {"type": "function", "name": "get_weather", "description": "Weather now",
                "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}, "strict": true},
              {"type": "function", "name": "clock", "parameters": null, "strict": null}]""";
    private static final String ARGUMENTS = "{\"city\": \"Turku\"}";
    private static final String CALL =
            "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": " + ARGUMENTS + "}\n</tool_call>";
    private static final String CLOCK = "<tool_call>\n{\"name\": \"clock\", \"arguments\": {}}\n</tool_call>";
    private static final String QUESTION = "{\"role\": \"user\", \"content\": \"How is it in Turku?\"}";

    private final ScriptedChat scripted = new ScriptedChat("qwen3", DialectSettings.AUTO);
    private final ScriptedChat asDrawn = new ScriptedChat(
            "qwen3",
            new DialectSettings(
                    Optional.empty(), ArgumentDelivery.AS_DRAWN, new DialectSettings.Thoughts.ByTemplate()));

    @AfterAll
    void close() {
        scripted.close();
        asDrawn.close();
    }

    private static String body(String input, String... fields) {
        return "{\"model\": \"scripted\", \"input\": [" + input + "]"
                + String.join("", Stream.of(fields).map(field -> ", " + field).toList()) + "}";
    }

    private JsonNode create(String answer, String body) {
        scripted.generator.willAnswer(answer);
        return scripted.post("/responses", body, 200);
    }

    private static List<String> types(JsonNode response) {
        return response.path("output")
                .valueStream()
                .map(item -> item.path("type").asString())
                .toList();
    }

    private void isRefused(String body, String param) {
        assertThat(scripted.post("/responses", body, 400).at("/error/param").asString())
                .isEqualTo(param);
    }

    @Test
    void thoughtsTextAndCallsAreItems() {
        JsonNode made = create("<think>\nHm.\n</think>\n\nI look.\n" + CALL + "\n" + CLOCK, body(QUESTION, TOOLS));
        assertThat(types(made)).containsExactly("reasoning", "message", "function_call", "function_call");
        JsonNode output = made.path("output");
        assertThat(output.at("/0/id").asString()).startsWith("rs_");
        assertThat(output.at("/0/summary").isArray()).isTrue();
        assertThat(output.at("/0/content").toString()).isEqualTo("[{\"type\":\"reasoning_text\",\"text\":\"Hm.\"}]");
        assertThat(output.at("/1/content/0/text").asString()).isEqualTo("I look.");
        assertThat(output.at("/2/id").asString()).startsWith("fc_");
        assertThat(output.at("/2/call_id").asString()).startsWith("call_");
        assertThat(output.at("/2/name").asString()).isEqualTo("get_weather");
        assertThat(output.at("/2/arguments").asString()).isEqualTo(ARGUMENTS);
        assertThat(output.at("/3/name").asString()).isEqualTo("clock");
        output.forEach(item -> assertThat(item.path("status").asString()).isEqualTo("completed"));
        assertThat(made.path("status").asString()).isEqualTo("completed");
        assertThat(made.at("/usage/output_tokens_details/reasoning_tokens").asInt())
                .as("the opening tag is one with its last letter")
                .isEqualTo(1 + "\nHm.\n</think>".length());
        assertThat(made.path("tools"))
                .isEqualTo(JsonMapper.shared()
                        .readTree("{" + TOOLS.replace("\"clock\",", "\"clock\", \"description\": null,") + "}")
                        .path("tools"));
        assertThat(made.path("tool_choice").asString()).isEqualTo("auto");
        assertThat(made.path("parallel_tool_calls").asBoolean()).isTrue();
        assertThat(scripted.generator.lastPrompt())
                .contains(
                        "<tools>\n{\"type\": \"function\", \"function\": {\"name\": \"get_weather\", \"description\": \"Weather now\", "
                                + "\"parameters\": {\"type\": \"object\", \"properties\": {\"city\": {\"type\": \"string\"}}, \"required\": [\"city\"]}}}\n"
                                + "{\"type\": \"function\", \"function\": {\"name\": \"clock\", \"parameters\": {\"type\": \"object\", \"properties\": {}}}}\n</tools>");
    }

    @Test
    void anAnswerOfCallsHasNoMessageAndAnEmptyOneHas() {
        assertThat(types(create(CALL, body(QUESTION, TOOLS)))).containsExactly("function_call");
        assertThat(types(create("", body(QUESTION, TOOLS)))).containsExactly("message");
    }

    @Test
    void choicesAreHeldAndToldAgain() {
        JsonNode one = create(CALL + "\n" + CLOCK, body(QUESTION, TOOLS, "\"parallel_tool_calls\": false"));
        assertThat(types(one)).containsExactly("function_call");
        assertThat(one.path("parallel_tool_calls").asBoolean()).isFalse();
        String clock = "{\"type\":\"function\",\"name\":\"clock\"}";
        JsonNode named = create(CLOCK, body(QUESTION, TOOLS, "\"tool_choice\": " + clock));
        assertThat(named.at("/output/0/name").asString()).isEqualTo("clock");
        assertThat(named.path("tool_choice").toString()).isEqualTo(clock);
        JsonNode forced = create(CLOCK + "\n" + CALL, body(QUESTION, TOOLS, "\"tool_choice\": \"required\""));
        assertThat(types(forced)).containsExactly("function_call", "function_call");
        assertThat(forced.path("tool_choice").asString()).isEqualTo("required");
        JsonNode none = create(CALL, body(QUESTION, TOOLS, "\"tool_choice\": \"none\""));
        assertThat(none.at("/output/0/content/0/text").asString()).isEqualTo(CALL);
        assertThat(scripted.generator.lastPrompt()).doesNotContain("get_weather");
        isRefused(body(QUESTION, TOOLS, "\"tool_choice\": {\"type\": \"function\"}"), "tool_choice.name");
        isRefused(
                body(QUESTION, TOOLS, "\"tool_choice\": {\"type\": \"function\", \"name\": \"f\"}"),
                "tool_choice.name");
        isRefused(
                body(
                        QUESTION,
                        "\"tools\": [{\"type\": \"function\", \"name\": \"f\", \"parameters\": {\"properties\": {\"a\": {\"not\": {}}}}}]",
                        "\"tool_choice\": \"required\""),
                "tools");
    }

    /** By the id of the response before, or with all its items sent back: the model reads the same. */
    @Test
    void outputsGoOnFromCalls() {
        JsonNode first = create("<think>\nHm.\n</think>\n\nI look.\n" + CALL + "\n" + CLOCK, body(QUESTION, TOOLS));
        String id = "\"previous_response_id\": " + first.path("id");
        String outputs = "{\"type\": \"function_call_output\", \"call_id\": " + first.at("/output/2/call_id")
                + ", \"output\": \"rain\"}, {\"type\": \"function_call_output\", \"call_id\": "
                + first.at("/output/3/call_id") + ", \"output\": [{\"type\": \"input_text\", \"text\": \"noon\"}]}";
        JsonNode second = create("It rains.", body(outputs, TOOLS, id));
        assertThat(types(second)).containsExactly("message");
        String chained = scripted.generator.lastPrompt();
        assertThat(chained)
                .endsWith("<|im_end|>\n<|im_start|>user\n<tool_response>\nrain\n</tool_response>\n"
                        + "<tool_response>\nnoon\n</tool_response><|im_end|>\n<|im_start|>assistant\n")
                .contains("<think>\nHm.\n</think>\n\nI look.\n" + CALL + "\n" + CLOCK);
        create("It rains.", body(outputs, TOOLS, id, "\"store\": false"));
        assertThat(scripted.generator.lastPrompt()).isEqualTo(chained);
        StringBuilder items = new StringBuilder(QUESTION);
        first.path("output").forEach(item -> items.append(", ").append(item));
        create("It rains.", body(items + ", " + outputs, TOOLS, "\"store\": false"));
        assertThat(scripted.generator.lastPrompt()).isEqualTo(chained);
        create(
                "Bye.",
                body(
                        "{\"role\": \"user\", \"content\": \"Thanks.\"}",
                        "\"previous_response_id\": " + second.path("id")));
        assertThat(scripted.generator.lastPrompt())
                .as("tools do not carry over, what was called stays")
                .doesNotContain("# Tools")
                .contains(CALL, "rain", "It rains.");
        isRefused(body(outputs.replace("\"call_id\": \"call_", "\"call_id\": \"other_"), TOOLS, id), "input");
    }

    @Test
    void theEffortReachesTheTemplate() {
        JsonNode made = create("Yes.", body(QUESTION, "\"reasoning\": {\"effort\": \"none\"}"));
        assertThat(made.at("/reasoning/effort").asString()).isEqualTo("none");
        assertThat(scripted.generator.lastPrompt()).endsWith("<think>\n\n</think>\n\n");
    }

    private static ResponseCreateParams.Builder question() {
        return ResponseCreateParams.builder()
                .model("scripted")
                .input("How is it in Turku?")
                .addTool(FunctionTool.builder()
                        .name("get_weather")
                        .strict(false)
                        .parameters(FunctionTool.Parameters.builder()
                                .putAdditionalProperty("type", JsonValue.from("object"))
                                .putAdditionalProperty(
                                        "properties", JsonValue.from(Map.of("city", Map.of("type", "string"))))
                                .build())
                        .build());
    }

    private static List<ResponseStreamEvent> events(
            OpenAIClient client, ResponseCreateParams params, ResponseAccumulator accumulator) {
        try (StreamResponse<ResponseStreamEvent> stream = client.responses().createStreaming(params)) {
            List<ResponseStreamEvent> events = new ArrayList<>();
            stream.stream().map(accumulator::accumulate).forEach(events::add);
            return events;
        }
    }

    /** The types in their order, repeated ones once, with the index of the item that they are of. */
    private static List<String> order(List<ResponseStreamEvent> events) {
        List<String> order = new ArrayList<>();
        for (ResponseStreamEvent event : events) {
            Map<?, ?> fields =
                    Objects.requireNonNull(event._json().orElseThrow().convert(Map.class));
            String name = String.valueOf(fields.get("type")).replace("response.", "")
                    + Optional.ofNullable(fields.get("output_index"))
                            .map(index -> " " + index)
                            .orElse("");
            if (order.isEmpty() || !order.getLast().equals(name)) {
                order.add(name);
            }
        }
        return order;
    }

    @Test
    void streamsTellItemAfterItem() {
        for (ScriptedChat with : List.of(scripted, asDrawn)) {
            OpenAIClient client = OpenAIOkHttpClient.builder()
                    .baseUrl(with.url())
                    .apiKey("none")
                    .maxRetries(0)
                    .responseValidation(true)
                    .build();
            try {
                with.generator.willAnswer("<think>\nHm.\n</think>\n\nI look.\n" + CALL + CALL);
                ResponseAccumulator accumulator = ResponseAccumulator.create();
                List<ResponseStreamEvent> events = events(client, question().build(), accumulator);
                assertThat(order(events))
                        .containsExactly(
                                "created",
                                "in_progress",
                                "output_item.added 0",
                                "content_part.added 0",
                                "reasoning_text.delta 0",
                                "reasoning_text.done 0",
                                "content_part.done 0",
                                "output_item.done 0",
                                "output_item.added 1",
                                "content_part.added 1",
                                "output_text.delta 1",
                                "output_text.done 1",
                                "content_part.done 1",
                                "output_item.done 1",
                                "output_item.added 2",
                                "function_call_arguments.delta 2",
                                "function_call_arguments.done 2",
                                "output_item.done 2",
                                "output_item.added 3",
                                "function_call_arguments.delta 3",
                                "function_call_arguments.done 3",
                                "output_item.done 3",
                                "completed");
                StringBuilder deltas = new StringBuilder();
                events.forEach(
                        event -> event.functionCallArgumentsDelta().ifPresent(delta -> deltas.append(delta.delta())));
                assertThat(deltas).hasToString(ARGUMENTS + ARGUMENTS);
                Response made = accumulator.response();
                assertThat(client.responses().retrieve(made.id()).output()).isEqualTo(made.output());
                List<ResponseFunctionToolCall> calls = made.output().stream()
                        .filter(ResponseOutputItem::isFunctionCall)
                        .map(ResponseOutputItem::asFunctionCall)
                        .toList();
                assertThat(calls)
                        .hasSize(2)
                        .allSatisfy(call -> assertThat(call.arguments()).isEqualTo(ARGUMENTS));
                assertThat(made.output()
                                .getFirst()
                                .asReasoning()
                                .content()
                                .orElseThrow()
                                .getFirst()
                                .text())
                        .isEqualTo("Hm.");
                with.generator.willAnswer("It rains.");
                List<ResponseInputItem> outputs = calls.stream()
                        .map(call ->
                                ResponseInputItem.ofFunctionCallOutput(ResponseInputItem.FunctionCallOutput.builder()
                                        .callId(call.callId())
                                        .output("rain")
                                        .build()))
                        .toList();
                Response next = client.responses()
                        .create(question()
                                .inputOfResponse(outputs)
                                .previousResponseId(made.id())
                                .build());
                assertThat(next.output().getFirst().isMessage()).isTrue();
                assertThat(client.responses().inputItems().list(next.id()).data())
                        .hasSize(2);
                assertThat(with.generator.lastPrompt()).contains("<tool_response>\nrain\n</tool_response>");
            } finally {
                client.close();
            }
        }
    }

    /** With whole calls what there is of one is text; as drawn it is an item that says that it is not whole. */
    @Test
    void theLimitMayCutACall() {
        String cut = "\"max_output_tokens\": " + (CALL.length() - 20);
        JsonNode text = create(CALL, body(QUESTION, TOOLS, cut));
        assertThat(types(text)).containsExactly("message");
        assertThat(text.path("status").asString()).isEqualTo("incomplete");
        asDrawn.generator.willAnswer(CALL);
        JsonNode item = asDrawn.post("/responses", body(QUESTION, TOOLS, cut), 200);
        assertThat(types(item)).containsExactly("function_call");
        assertThat(item.at("/output/0/status").asString()).isEqualTo("incomplete");
        assertThat(ARGUMENTS).startsWith(item.at("/output/0/arguments").asString());
        assertThat(item.path("status").asString()).isEqualTo("incomplete");
        asDrawn.generator.willAnswer("Well.");
        String next = body(
                "{\"role\": \"user\", \"content\": \"Go on.\"}", TOOLS, "\"previous_response_id\": " + item.path("id"));
        assertThat(types(asDrawn.post("/responses", next, 200))).containsExactly("message");
    }
}
