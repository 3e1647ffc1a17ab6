package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.testing.DefaultModel;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.web.server.LocalManagementPort;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;

/** What goes over the wire, byte for byte where clients depend on it. */
@ServiceTest
class WireShapeIT {
    @LocalServerPort
    private int port;

    @LocalManagementPort
    private int managementPort;

    private Client client = new Client(0);

    @BeforeEach
    void connect() {
        client = new Client(port);
    }

    @AfterEach
    void disconnect() {
        client.close();
    }

    @Test
    void anAnswerOfASchema() throws Exception {
        String schema =
                "{\"type\":\"object\",\"properties\":{\"days\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":31}},"
                        + "\"required\":[\"days\"],\"additionalProperties\":false}";
        HttpResponse<String> response = client.post("/v1/chat/completions", chat(format(schema)));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        JsonNode choice = Client.json(response.body()).path("choices").path(0);
        assertThat(choice.path("finish_reason").asString()).isEqualTo("stop");
        JsonNode answer = Client.json(choice.path("message").path("content").asString());
        assertThat(answer.path("days").asInt()).isBetween(1, 31);

        HttpResponse<String> object = client.post(
                "/v1/chat/completions", chat("\"max_tokens\":5,\"response_format\":{\"type\":\"json_object\"}"));
        assertThat(Client.json(object.body())
                        .path("choices")
                        .path(0)
                        .path("message")
                        .path("content")
                        .asString())
                .startsWith("{");
    }

    @Test
    void aSchemaThatCannotBeHeldIsRefused() throws Exception {
        for (String[] each : new String[][] {
            {format("{\"not\":{}}"), "response_format.json_schema.schema", "#/not"},
            {"\"response_format\":{\"type\":\"yaml\"}", "response_format.type", "yaml"},
            {"\"stop\":\"}\"," + format("{\"type\":\"object\"}"), "stop", "format"}
        }) {
            HttpResponse<String> response = client.post("/v1/chat/completions", chat(each[0]));
            assertThat(response.statusCode()).isEqualTo(400);
            JsonNode error = Client.json(response.body()).path("error");
            assertThat(error.path("param").asString()).isEqualTo(each[1]);
            assertThat(error.path("message").asString()).contains(each[2]);
        }
    }

    private static String format(String schema) {
        return "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"it\",\"strict\":true,\"schema\":"
                + schema + "}}";
    }

    @Test
    void aWholeAnswer() throws Exception {
        HttpResponse<String> response = client.post("/v1/chat/completions", chat("\"max_tokens\":5,\"temperature\":0"));
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("x-request-id")).isPresent();
        JsonNode body = Client.json(response.body());
        assertThat(body.path("object").asString()).isEqualTo("chat.completion");
        assertThat(body.path("id").asString()).startsWith("chatcmpl-");
        assertThat(body.path("model").asString()).isEqualTo(DefaultModel.ID);
        JsonNode choice = body.path("choices").path(0);
        assertThat(choice.path("index").asInt()).isZero();
        assertThat(choice.path("message").path("role").asString()).isEqualTo("assistant");
        assertThat(choice.path("message").path("content").asString()).isNotBlank();
        assertThat(choice.path("finish_reason").asString()).isEqualTo("length");
        JsonNode usage = body.path("usage");
        assertThat(usage.path("completion_tokens").asInt()).isEqualTo(5);
        assertThat(usage.path("total_tokens").asInt())
                .isEqualTo(usage.path("prompt_tokens").asInt() + 5);
        assertThat(usage.path("prompt_tokens_details").path("cached_tokens").isIntegralNumber())
                .isTrue();
    }

    @Test
    void aStreamIsTheSameAnswerInChunks() throws Exception {
        String options = "\"max_tokens\":12,\"temperature\":0";
        String whole = Client.json(
                        client.post("/v1/chat/completions", chat(options)).body())
                .path("choices")
                .path(0)
                .path("message")
                .path("content")
                .asString();
        List<String> lines = streamed(
                "/v1/chat/completions", chat(options + ",\"stream\":true,\"stream_options\":{\"include_usage\":true}"));
        assertThat(lines.getLast()).isEqualTo("data: [DONE]");
        List<JsonNode> events = Client.events(lines);
        assertThat(ids(events)).as("one id, one time, one model").hasSize(1);
        assertThat(events.getFirst().at("/choices/0/delta/role").asString()).isEqualTo("assistant");
        StringBuilder text = new StringBuilder();
        for (JsonNode event : events.subList(1, events.size() - 2)) {
            text.append(event.at("/choices/0/delta/content").asString());
            assertThat(event.at("/choices/0/finish_reason").isNull()).isTrue();
            assertThat(event.has("usage") && event.path("usage").isNull()).isTrue();
        }
        assertThat(text).hasToString(whole);
        JsonNode finish = events.get(events.size() - 2);
        assertThat(finish.at("/choices/0/delta").isEmpty()).isTrue();
        assertThat(finish.at("/choices/0/finish_reason").asString()).isEqualTo("length");
        JsonNode usage = events.getLast();
        assertThat(usage.path("choices").isEmpty()).isTrue();
        assertThat(usage.at("/usage/completion_tokens").asInt()).isEqualTo(12);
    }

    @Test
    void noUsageChunkUnlessAskedFor() throws Exception {
        List<JsonNode> events =
                Client.events(streamed("/v1/chat/completions", chat("\"max_tokens\":3,\"stream\":true")));
        assertThat(events).allSatisfy(event -> {
            assertThat(event.has("usage")).isFalse();
            assertThat(event.path("choices")).hasSize(1);
        });
    }

    @Test
    void severalChoicesAreNumberedAndEndEach() throws Exception {
        List<JsonNode> events = Client.events(
                streamed("/v1/chat/completions", chat("\"n\":3,\"max_tokens\":6,\"seed\":1,\"stream\":true")));
        Set<Integer> finished = new HashSet<>();
        for (JsonNode event : events) {
            if (!event.at("/choices/0/finish_reason").isNull()) {
                assertThat(finished.add(event.at("/choices/0/index").asInt())).isTrue();
            }
        }
        assertThat(finished).containsExactlyInAnyOrder(0, 1, 2);
    }

    @Test
    void stopSequencesEndTheTextBeforeThem() throws Exception {
        String whole = content(client.post("/v1/chat/completions", chat("\"max_tokens\":40,\"temperature\":0")));
        String stop = whole.substring(12, 18); // in the middle of some tokens
        HttpResponse<String> response = client.post(
                "/v1/chat/completions", chat("\"max_tokens\":40,\"temperature\":0,\"stop\":[" + quoted(stop) + "]"));
        assertThat(content(response)).isEqualTo(whole.substring(0, whole.indexOf(stop)));
        assertThat(Client.json(response.body()).at("/choices/0/finish_reason").asString())
                .isEqualTo("stop");
    }

    @Test
    void logprobsBelongToTheTextThatWasSent() throws Exception {
        JsonNode body = Client.json(client.post(
                        "/v1/chat/completions",
                        chat("\"max_tokens\":8,\"temperature\":0,\"logprobs\":true,\"top_logprobs\":3"))
                .body());
        JsonNode tokens = body.at("/choices/0/logprobs/content");
        assertThat(tokens).hasSize(8);
        StringBuilder text = new StringBuilder();
        for (JsonNode token : tokens) {
            text.append(token.path("token").asString());
            assertThat(token.path("top_logprobs")).hasSize(3);
            assertThat(token.at("/top_logprobs/0/token")).as("greedy").isEqualTo(token.path("token"));
            assertThat(token.path("logprob").asDouble()).isNegative();
        }
        assertThat(text).hasToString(body.at("/choices/0/message/content").asString());
    }

    @Test
    void textCompletions() throws Exception {
        String request = "{\"model\":\"" + DefaultModel.ID
                + "\",\"prompt\":[\"The capital of France is\",\"Two and two is\"],\"max_tokens\":4,\"temperature\":0,\"logprobs\":2}";
        JsonNode body = Client.json(client.post("/v1/completions", request).body());
        assertThat(body.path("object").asString()).isEqualTo("text_completion");
        assertThat(body.path("choices")).hasSize(2);
        assertThat(body.at("/choices/0/text").asString()).contains("Paris");
        assertThat(body.at("/choices/1/logprobs/tokens")).hasSize(4);
        assertThat(body.at("/choices/1/logprobs/text_offset/0").asInt()).isZero();
        assertThat(body.at("/usage/completion_tokens").asInt()).isEqualTo(8);
        List<JsonNode> events = Client.events(
                streamed("/v1/completions", request.replace("\"max_tokens\"", "\"stream\":true,\"max_tokens\"")));
        StringBuilder first = new StringBuilder();
        for (JsonNode event : events) {
            if (event.at("/choices/0/index").asInt() == 0) {
                first.append(event.at("/choices/0/text").asString());
            }
        }
        assertThat(first).hasToString(body.at("/choices/0/text").asString());
    }

    @Test
    void tokensGoBothWays() throws Exception {
        String text = "Grüße, 世界! \\uD83D\\uDE00 done";
        JsonNode tokens = Client.json(
                client.post("/v1/tokenize", "{\"prompt\":\"" + text + "\"}").body());
        assertThat(tokens.path("count").asInt()).isEqualTo(tokens.path("tokens").size());
        JsonNode back = Client.json(client.post("/v1/detokenize", "{\"tokens\":" + tokens.path("tokens") + "}")
                .body());
        assertThat(back.path("prompt").asString()).isEqualTo("Grüße, 世界! \uD83D\uDE00 done");
    }

    @Test
    void aPromptSeenBeforeIsCached() throws Exception {
        String request = chat("\"max_tokens\":1").replace("KV cache", "KV cache ".repeat(60));
        client.post("/v1/chat/completions", request);
        JsonNode usage =
                Client.json(client.post("/v1/chat/completions", request).body()).path("usage");
        int cached = usage.at("/prompt_tokens_details/cached_tokens").asInt();
        assertThat(cached)
                .isPositive()
                .isGreaterThan(usage.path("prompt_tokens").asInt() - 64);
        JsonNode salted = Client.json(client.post(
                                "/v1/chat/completions",
                                request.replace("\"max_tokens\"", "\"cache_salt\":\"s\",\"max_tokens\""))
                        .body())
                .path("usage");
        assertThat(salted.at("/prompt_tokens_details/cached_tokens").asInt()).isZero();
    }

    @Test
    void commentsKeepTheConnectionWhileALongPromptIsRead() throws Exception {
        String request = chat("\"max_tokens\":2,\"stream\":true").replace("KV cache", "very long text ".repeat(1500));
        HttpResponse<Stream<String>> response = client.stream("/v1/chat/completions", request);
        try (Stream<String> body = response.body()) {
            List<String> lines = body.filter(line -> !line.isEmpty()).toList();
            assertThat(lines.getFirst()).isEqualTo(": ping");
            assertThat(lines.getLast()).isEqualTo("data: [DONE]");
        }
    }

    @Test
    void aPromptThatIsTooLongIsRefusedWithBothNumbers() throws Exception {
        String request = chat("\"max_tokens\":2,\"stream\":true").replace("KV cache", "very long text ".repeat(4000));
        HttpResponse<String> response = client.post("/v1/chat/completions", request);
        assertThat(response.statusCode()).isEqualTo(400);
        JsonNode error = Client.json(response.body()).path("error");
        assertThat(error.path("code").asString()).isEqualTo("context_length_exceeded");
        assertThat(error.path("message").asString())
                .contains("8192 tokens")
                .containsPattern("has 12[0-9]{3} prompt tokens");
    }

    @Test
    void modelsAndDocumentation() throws Exception {
        JsonNode models = Client.json(client.get("/v1/models").body());
        assertThat(models.at("/data/0/id").asString()).isEqualTo(DefaultModel.ID);
        assertThat(models.at("/data/0/max_model_len").asInt()).isEqualTo(8192);
        assertThat(client.get("/v1/models/" + DefaultModel.ID).statusCode()).isEqualTo(200);
        assertThat(client.get("/v1/models/other").statusCode()).isEqualTo(404);
        JsonNode api = Client.json(client.get("/v3/api-docs").body());
        assertThat(api.at("/paths").propertyNames())
                .contains("/v1/chat/completions", "/v1/completions", "/v1/models", "/v1/tokenize", "/v1/detokenize");
        assertThat(api.at("/components/schemas/ChatCompletionRequest/properties")
                        .propertyNames())
                .contains("max_completion_tokens", "top_logprobs", "stream_options");
        assertThat(api.at("/components/schemas").propertyNames())
                .contains("Memory", "MemoryPage", "MemoryRequest", "MemoryDeleted");
        assertThat(api.at("/paths/~1v1~1memory/get/parameters")
                        .valueStream()
                        .map(of -> of.path("name").asString()))
                .containsExactly("limit", "after");
    }

    @Test
    void probesAndMetricsOnTheManagementPort() throws Exception {
        client.post("/v1/chat/completions", chat("\"max_tokens\":2"));
        try (Client management = new Client(managementPort)) {
            for (String path : List.of(
                    "/health",
                    "/livez",
                    "/readyz",
                    "/actuator/health/liveness",
                    "/actuator/health/readiness",
                    "/actuator/health/startup")) {
                assertThat(management.get(path).statusCode()).as(path).isEqualTo(200);
            }
            String metrics = management.get("/actuator/prometheus").body();
            assertThat(metrics)
                    .contains(
                            "contexture_num_requests_running",
                            "contexture_num_requests_waiting",
                            "contexture_kv_cache_usage_perc",
                            "contexture_prompt_tokens_total",
                            "contexture_generation_tokens_total",
                            "contexture_time_to_first_token_seconds_bucket",
                            "contexture_inter_token_latency_seconds_bucket",
                            "contexture_e2e_request_latency_seconds_bucket",
                            "contexture_request_success_total");
        }
    }

    private List<String> streamed(String path, String body) throws IOException, InterruptedException {
        HttpResponse<Stream<String>> response = client.stream(path, body);
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type").orElse("")).startsWith("text/event-stream");
        try (Stream<String> lines = response.body()) {
            return lines.filter(line -> line.startsWith("data: ")).toList();
        }
    }

    private static Set<String> ids(List<JsonNode> events) {
        List<String> all = new ArrayList<>();
        events.forEach(event -> all.add(event.path("id").asString()
                + event.path("created")
                + event.path("model").asString()));
        return new HashSet<>(all);
    }

    private static String content(HttpResponse<String> response) {
        return Client.json(response.body()).at("/choices/0/message/content").asString();
    }

    private static String quoted(String text) {
        return tools.jackson.databind.json.JsonMapper.shared().writeValueAsString(text);
    }

    static String chat(String options) {
        return "{\"model\":\"" + DefaultModel.ID
                + "\",\"messages\":[{\"role\":\"user\",\"content\":\"What is a KV cache?\"}]," + options + "}";
    }
}
