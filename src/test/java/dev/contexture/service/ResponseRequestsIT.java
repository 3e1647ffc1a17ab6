package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a response may be asked to be, and what is refused. */
class ResponseRequestsIT extends ResponseCalls {
    private static Map<String, Object> format(Map<String, Object> format) {
        return Map.of("format", format);
    }

    /** A schema holds the answer, is told again, and does not carry over to the next of the chain. */
    @Test
    void anAnswerOfASchemaIsItsValue() throws Exception {
        Map<String, Object> schema = Map.of(
                "type",
                "object",
                "properties",
                Map.of("days", Map.of("type", "integer", "minimum", 1, "maximum", 31)),
                "required",
                List.of("days"),
                "additionalProperties",
                false);
        Map<String, Object> text =
                format(Map.of("type", "json_schema", "name", "month", "strict", true, "schema", schema));
        JsonNode made = create(Map.of("text", text, "input", "How many days has June?"));
        assertThat(made.path("status").asString()).isEqualTo("completed");
        JsonNode value = Client.json(text(made));
        assertThat(value.size()).isEqualTo(1);
        assertThat(value.path("days").asInt()).isBetween(1, 31);
        JsonNode asked = JsonMapper.shared().valueToTree(text);
        assertThat(made.path("text")).isEqualTo(asked);
        assertThat(ok(get(FIRST, path(made))).path("text")).isEqualTo(asked);

        List<JsonNode> events = Client.events(stream(Map.of("text", text, "input", "How many days has June?"))
                .body()
                .toList());
        assertThat(events.getLast().path("type").asString()).isEqualTo("response.completed");
        assertThat(text(events.getLast().path("response"))).isEqualTo(text(made));

        JsonNode cut = create(Map.of(
                "text",
                format(Map.of("type", "json_object")),
                "max_output_tokens",
                2,
                "previous_response_id",
                made.path("id").asString()));
        assertThat(text(cut)).startsWith("{");
        assertThat(cut.path("status").asString()).isEqualTo("incomplete");
        assertThat(cut.at("/text/format/type").asString()).isEqualTo("json_object");
        String letter = ok(post(FIRST, "/v1/tokenize", "{\"prompt\": \"river\"}"))
                .at("/tokens/0")
                .asString();
        Map<String, Object> biased = Map.of(
                "logit_bias",
                Map.of(letter, 100),
                "previous_response_id",
                made.path("id").asString());
        JsonNode free = create(biased);
        assertThat(free.at("/text/format/type").asString()).isEqualTo("text");
        assertThat(text(free)).startsWith("r");
    }

    @Test
    void whatIsWrongIsNamed() throws Exception {
        Map<String, List<Object>> wrong = Map.ofEntries(
                Map.entry("model", List.of("gpt-4o")),
                Map.entry("input[0]", List.of(List.of("x"))),
                Map.entry(
                        "input[0].role",
                        List.of(List.of(Map.of("content", "x")), List.of(Map.of("role", "tool", "content", "x")))),
                Map.entry("input[0].content", List.of(List.of(Map.of("role", "user")))),
                Map.entry(
                        "input[0].content[0].type",
                        List.of(List.of(Map.of(
                                "role", "user", "content", List.of(Map.of("type", "input_image", "image_url", "x")))))),
                Map.entry("input[0].type", List.of(List.of(Map.of("type", "item_reference", "id", "msg_1")))),
                Map.entry("input[0].call_id", List.of(List.of(Map.of("type", "function_call_output", "output", "x")))),
                Map.entry("instructions", List.of(5, List.of("x"))),
                Map.entry("max_output_tokens", List.of(0, -1, "x", 1.5)),
                Map.entry("temperature", List.of(9, "hot")),
                Map.entry("top_p", List.of(0, 2)),
                Map.entry("stream", List.of("yes", 1)),
                Map.entry("store", List.of("no")),
                Map.entry("background", List.of(true)),
                Map.entry("truncation", List.of("auto", "x")),
                Map.entry(
                        "tools[0].type", List.of(List.of(Map.of("type", "web_search")), List.of(Map.of("name", "f")))),
                Map.entry(
                        "tools[0].name",
                        List.of(
                                List.of(Map.of("type", "function", "name", "a b")),
                                List.of(Map.of("type", "function", "function", Map.of("name", "f"))))),
                Map.entry(
                        "tools[0].parameters",
                        List.of(List.of(Map.of("type", "function", "name", "f", "parameters", "x")))),
                Map.entry(
                        "tools[1].name",
                        List.of(List.of(
                                Map.of("type", "function", "name", "f"), Map.of("type", "function", "name", "f")))),
                Map.entry("tool_choice", List.of("required", "any", 5, Map.of("type", "function", "name", "f"))),
                Map.entry("tool_choice.type", List.of(Map.of("type", "allowed_tools", "mode", "auto"))),
                Map.entry("parallel_tool_calls", List.of("yes")),
                Map.entry("reasoning.effort", List.of(Map.of("effort", "endless"))),
                Map.entry(
                        "input[0].arguments",
                        List.of(List.of(
                                Map.of("type", "function_call", "call_id", "c", "name", "f", "arguments", "{\"a")))),
                Map.entry(
                        "input",
                        List.of(
                                "",
                                List.of(),
                                7,
                                Map.of("a", 1),
                                List.of(Map.of("type", "function_call_output", "call_id", "nobody", "output", "x")))),
                Map.entry("text", List.of("json", 3)),
                Map.entry("text.format", List.of(Map.of("format", "json"))),
                Map.entry("text.format.type", List.of(format(Map.of()), format(Map.of("type", "yaml")))),
                Map.entry(
                        "text.format.name",
                        List.of(
                                format(Map.of("type", "json_schema", "schema", Map.of())),
                                format(Map.of("type", "json_schema", "name", "a b", "schema", Map.of())))),
                Map.entry(
                        "text.format.schema",
                        List.of(
                                format(Map.of("type", "json_schema", "name", "it")),
                                format(Map.of("type", "json_schema", "name", "it", "schema", "x")),
                                format(Map.of(
                                        "type", "json_schema", "name", "it", "schema", Map.of("not", Map.of()))))),
                Map.entry(
                        "text.format.strict",
                        List.of(format(
                                Map.of("type", "json_schema", "name", "it", "schema", Map.of(), "strict", "yes")))),
                Map.entry("conversation", List.of("conv_1")),
                Map.entry("top_logprobs", List.of(3)),
                Map.entry("cache_salt", List.of("x")),
                Map.entry("metadata", List.of("x", Map.of("k", "v".repeat(600)))),
                Map.entry("previous_response_id", List.of("resp_1", "../x")));
        List<String> unclear = new ArrayList<>();
        for (Map.Entry<String, List<Object>> entry : wrong.entrySet()) {
            String field = entry.getKey().replaceAll("[\\[.].*", "");
            for (Object value : entry.getValue()) {
                for (boolean streamed : new boolean[] {false, true}) {
                    Map<String, Object> more = new LinkedHashMap<>(Map.of("stream", streamed));
                    more.put(field, value);
                    HttpResponse<String> response = post(FIRST, "/v1/responses", body(more));
                    JsonNode error = Client.json(response.body()).path("error");
                    if (response.statusCode() / 100 != 4
                            || !error.path("param").asString("").equals(entry.getKey())
                            || error.path("message").asString("").isBlank()) {
                        unclear.add(more + " -> " + response.statusCode() + " " + response.body());
                    }
                }
            }
        }
        assertThat(unclear).isEmpty();
        JsonNode tooLong = refused(400, post(FIRST, "/v1/responses", body(Map.of("max_output_tokens", 1_000_000))));
        assertThat(tooLong.path("code").asString()).isEqualTo("context_length_exceeded");
        assertThat(tooLong.path("param").asString()).isEqualTo("input");
        assertThat(refused(400, get(FIRST, "/v1/responses/resp_x?stream=true"))
                        .path("param")
                        .asString())
                .isEqualTo("stream");
        assertThat(http.send(
                                HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/v1/responses/resp_x"))
                                        .build(),
                                BodyHandlers.ofString())
                        .statusCode())
                .isEqualTo(401);
    }
}
