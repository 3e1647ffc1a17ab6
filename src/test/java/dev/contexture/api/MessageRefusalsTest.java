package dev.contexture.api;

import static dev.contexture.api.MessageBodies.MESSAGES;
import static dev.contexture.api.MessageBodies.TOOLS;
import static dev.contexture.api.MessageBodies.ask;
import static dev.contexture.api.MessageBodies.asking;
import static dev.contexture.api.MessageBodies.client;
import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.scheduler.QueueFullException;
import dev.contexture.session.dialect.DialectSettings;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.springframework.http.MediaType;
import org.springframework.test.web.reactive.server.EntityExchangeResult;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Messages that are refused: what is said, in which shape, with which status. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MessageRefusalsTest {
    private final ScriptedChat chat = new ScriptedChat("qwen3", DialectSettings.AUTO);

    @AfterAll
    void disconnect() {
        chat.close();
    }

    /**
     * @param word that the message must have
     */
    private void isRefused(String body, String word) {
        JsonNode error = chat.post(MESSAGES, body, 400);
        assertThat(error.path("type").asString()).isEqualTo("error");
        assertThat(error.at("/error/type").asString()).isEqualTo("invalid_request_error");
        assertThat(error.at("/error/message").asString()).contains(word);
        assertThat(error.has("request_id")).isTrue();
        assertThat(error.path("error").has("param")).isFalse();
    }

    @Test
    void requestsThatAreNoneAreRefused() {
        isRefused("{", "JSON");
        isRefused("{\"model\": \"scripted\", \"max_tokens\": 5}", "'messages'");
        isRefused(ask().replace("\"max_tokens\": 500", "\"top_k\": 5"), "'max_tokens'");
        isRefused(ask().replace("500", "0"), "max_tokens");
        isRefused(ask("\"temperature\": 9"), "temperature");
        isRefused(ask("\"stop_sequences\": \"x\""), "'stop_sequences'");
        isRefused(ask("\"stop_sequences\": [null]"), "'stop_sequences[0]'");
        isRefused(ask("\"system\": 7"), "'system'");
        isRefused(ask("\"thinking\": {\"type\": \"much\"}"), "'thinking.type'");
        isRefused(ask("\"thinking\": {}"), "'thinking.type'");
        isRefused(asking("{\"role\": \"tool\", \"content\": \"x\"}"), "user, assistant or system");
        isRefused(asking("{\"role\": \"user\"}"), "'messages[0].content'");
        isRefused(
                asking("{\"role\": \"user\", \"content\": \"x\"}, {\"role\": \"assistant\", \"content\": \"The\"}"),
                "must end with the user's");
    }

    private static String block(String block) {
        return asking("{\"role\": \"user\", \"content\": [" + block + "]}");
    }

    private static String called(String block) {
        return asking(
                "{\"role\": \"assistant\", \"content\": [" + block + "]}, {\"role\": \"user\", \"content\": \"x\"}");
    }

    @Test
    void blocksThatAreNotReadAreRefused() {
        isRefused(block("{\"type\": \"image\", \"source\": {}}"), "'messages[0].content[0].type' is 'image'");
        isRefused(block("{\"type\": \"document\", \"source\": {}}"), "only text");
        isRefused(block("{\"text\": \"x\"}"), "'messages[0].content[0].type'");
        isRefused(block("{\"type\": \"text\"}"), "'messages[0].content[0].text'");
        isRefused(block("7"), "'messages[0].content[0]'");
        isRefused(block("{\"type\": \"tool_result\"}"), "'messages[0].content[0].tool_use_id'");
        isRefused(block("{\"type\": \"tool_result\", \"tool_use_id\": \"a\", \"content\": \"x\"}"), "'a'");
        isRefused(
                block("{\"type\": \"tool_result\", \"tool_use_id\": \"a\", \"content\": [{\"type\": \"image\"}]}"),
                "'messages[0].content[0].content[0].type'");
        isRefused(block("{\"type\": \"tool_result\", \"tool_use_id\": \"a\", \"is_error\": \"yes\"}"), "is_error");
        String call = "{\"type\": \"tool_use\", \"id\": \"a\", \"name\": \"clock\", \"input\": {}}";
        isRefused(called(call + "," + call), "'messages[0].content[1].id'");
        isRefused(called(call.replace("{}", "\"{}\"")), "'messages[0].content[0].input'");
        isRefused(called(call.replace("\"clock\"", "\"\"")), "'messages[0].content[0].name'");
        isRefused(called(call.replace("tool_use", "server_tool_use")), "'server_tool_use'");
    }

    @Test
    void toolsThatAreNoneAreRefused() {
        isRefused(ask("\"tools\": [null]"), "'tools[0]'");
        isRefused(ask("\"tools\": [{\"type\": \"web_search_20250305\", \"name\": \"web_search\"}]"), "'tools[0].type'");
        isRefused(ask("\"tools\": [{\"input_schema\": {}}]"), "'tools[0].name'");
        isRefused(ask("\"tools\": [{\"name\": \"a b\", \"input_schema\": {}}]"), "'tools[0].name'");
        isRefused(ask("\"tools\": [{\"name\": \"a\"}]"), "'tools[0].input_schema'");
        isRefused(ask("\"tools\": [{\"name\": \"a\", \"input_schema\": {\"type\": \"array\"}}]"), "input_schema.type");
        isRefused(
                ask("\"tools\": [{\"name\": \"a\", \"input_schema\": {}}, {\"name\": \"a\", \"input_schema\": {}}]"),
                "'a'");
        isRefused(ask("\"tool_choice\": {\"type\": \"any\"}"), "tool_choice");
        isRefused(
                ask(TOOLS, "\"tool_choice\": {\"type\": \"any\"}", "\"stop_sequences\": [\"x\"]"), "'stop_sequences'");
        isRefused(ask(TOOLS, "\"tool_choice\": {\"type\": \"required\"}"), "'tool_choice.type'");
        isRefused(ask(TOOLS, "\"tool_choice\": {\"type\": \"tool\"}"), "'tool_choice.name'");
        isRefused(ask(TOOLS, "\"tool_choice\": {\"type\": \"tool\", \"name\": \"missing\"}"), "'missing'");
    }

    @Test
    void errorsHaveAnthropicsShapeAndOurStatuses() {
        JsonNode unknown = chat.post(MESSAGES, ask().replace("scripted", "other"), 404);
        assertThat(unknown.at("/error/type").asString()).isEqualTo("not_found_error");
        assertThat(chat.post("/messages/batches", ask(), 404).at("/error/type").asString())
                .isEqualTo("not_found_error");
        chat.generator.willRefuse(new QueueFullException("full", Duration.ofSeconds(3)));
        EntityExchangeResult<byte[]> full = client(chat)
                .post()
                .uri(MESSAGES)
                .contentType(MediaType.APPLICATION_JSON)
                .bodyValue(ask("\"stream\": true"))
                .exchange()
                .expectStatus()
                .isEqualTo(429)
                .expectHeader()
                .valueEquals("Retry-After", "3")
                .expectBody()
                .returnResult();
        assertThat(new String(full.getResponseBodyContent(), StandardCharsets.UTF_8))
                .contains("\"type\":\"rate_limit_error\"");
        assertThat(client(chat)
                        .post()
                        .uri(MESSAGES)
                        .contentType(MediaType.TEXT_PLAIN)
                        .bodyValue("x")
                        .exchange()
                        .expectStatus()
                        .isEqualTo(415)
                        .expectBody(String.class)
                        .returnResult()
                        .getResponseBody())
                .contains("\"type\":\"invalid_request_error\"");
        String large = ask("\"system\": \"" + "x".repeat(1 << 20) + "\"");
        assertThat(chat.post(MESSAGES, large, 413).at("/error/type").asString()).isEqualTo("request_too_large");
        // Other routes speak as before.
        assertThat(chat.post("{", 400).path("error").has("param")).isTrue();
    }

    /** A body of all that is read, each value of it in turn replaced by others. */
    @Test
    void nothingThatIsWrongIsOurFault() {
        JsonNode whole = JsonMapper.shared().readTree(asking("""
                {"role": "system", "content": "x"}, {"role": "user", "content": [{"type": "text", "text": "x"}]},
                {"role": "assistant", "content": [{"type": "thinking", "thinking": "x", "signature": "x"},
                  {"type": "text", "text": "x"}, {"type": "tool_use", "id": "a", "name": "clock", "input": {"b": 1}}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "is_error": false,
                  "content": [{"type": "text", "text": "x"}]}]}""", TOOLS, """
                "system": [{"type": "text", "text": "x"}], "temperature": 0.5, "top_p": 0.5, "top_k": 3, "seed": 1,
                "stop_sequences": ["q"], "tool_choice": {"type": "auto", "disable_parallel_tool_use": true},
                "thinking": {"type": "enabled", "budget_tokens": 1024}, "metadata": {"user_id": "x"},
                "output_config": {"effort": "low"}, "logit_bias": {"5": 1}, "contexture": {"sparsity": {"mode": "dense"}}"""));
        List<JsonNode> others = Stream.of(
                        "null", "7", "-0.5", "\"y\"", "true", "[]", "[null]", "[[\"y\"]]", "{}", "{\"y\": null}")
                .map(JsonMapper.shared()::readTree)
                .toList();
        chat.generator.willAnswer("x");
        chat.post(MESSAGES, whole.toString(), 200);
        Map<Integer, Integer> statuses = new TreeMap<>();
        int places = size(whole);
        for (int place = 0; place < places; place++) {
            for (JsonNode other : others) {
                String body = replaced(whole, new int[] {place}, other).toString();
                chat.generator.forget();
                chat.generator.willAnswer("x");
                EntityExchangeResult<byte[]> result = client(chat)
                        .post()
                        .uri(MESSAGES)
                        .contentType(MediaType.APPLICATION_JSON)
                        .bodyValue(body)
                        .exchange()
                        .expectBody()
                        .returnResult();
                int status = result.getStatus().value();
                statuses.merge(status, 1, Integer::sum);
                String said =
                        new String(Objects.requireNonNull(result.getResponseBodyContent()), StandardCharsets.UTF_8);
                assertThat(status).as(body + " " + said).isIn(200, 400, 404);
                assertThat(JsonMapper.shared().readTree(said).path("type").asString())
                        .as(body)
                        .isEqualTo(status == 200 ? "message" : "error");
            }
        }
        chat.generator.forget();
        assertThat(statuses.get(400)).isGreaterThan(statuses.get(200));
    }

    private static int size(JsonNode node) {
        int size = 1;
        for (JsonNode child : node) {
            size += size(child);
        }
        return size;
    }

    /**
     * @param place of the node that is replaced, in order; counted down
     */
    private static JsonNode replaced(JsonNode node, int[] place, JsonNode by) {
        if (place[0]-- == 0) {
            return by;
        }
        if (node.isObject()) {
            ObjectNode copy = JsonMapper.shared().createObjectNode();
            node.properties().forEach(field -> copy.set(field.getKey(), replaced(field.getValue(), place, by)));
            return copy;
        }
        if (node.isArray()) {
            ArrayNode copy = JsonMapper.shared().createArrayNode();
            node.forEach(child -> copy.add(replaced(child, place, by)));
            return copy;
        }
        return node;
    }

    private void isRefusedWith(String body, String beginning) {
        assertThat(chat.post(MESSAGES, body, 400).at("/error/message").asString())
                .startsWith(beginning);
    }

    /** What the routes' readers do not see: other classes refuse it, in OpenAI's words. */
    @Test
    void fieldsHaveAnthropicsNames() {
        String bad = "{\"type\": \"object\", \"properties\": {\"a\": {\"not\": {}}}}";
        isRefusedWith(
                ask("\"output_config\": {\"format\": {\"type\": \"json_schema\", \"schema\": " + bad + "}}"),
                "output_config.format.schema: #/properties/a");
        isRefusedWith(
                ask(
                        "\"tools\": [{\"name\": \"f\", \"input_schema\": {}}, {\"name\": \"g\", \"input_schema\": "
                                + bad + "}]",
                        "\"tool_choice\": {\"type\": \"any\"}"),
                "tools.1.input_schema: g#/properties/a");
        isRefusedWith(
                block("{\"type\": \"tool_result\", \"tool_use_id\": \"a\", \"content\": \"x\"}"),
                "messages: message 0");
        isRefusedWith(ask("\"session_id\": \"ses_x\"", "\"cache_salt\": \"y\""), "cache_salt and session_id exclude");
        // What is named already is not named again.
        isRefusedWith(ask("\"system\": 7"), "'system' must");
    }

    @Test
    void formatsThatAreNoneAreRefused() {
        String format = "\"output_config\": {\"format\": {\"type\": \"json_schema\", \"schema\": {}}}";
        isRefused(ask(format, "\"stop_sequences\": [\"x\"]"), "stop_sequences");
        isRefused(ask("\"output_config\": {\"format\": {\"type\": \"json_object\"}}"), "output_config.format.type");
        isRefused(ask("\"output_config\": {\"format\": {\"type\": \"json_schema\"}}"), "output_config.format.schema");
    }
}
