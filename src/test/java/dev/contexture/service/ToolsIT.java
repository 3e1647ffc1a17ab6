package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.testing.DefaultModel;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.web.server.LocalManagementPort;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;

/** Tools with the default model, whose template knows of none. */
@ServiceTest
class ToolsIT {
    @LocalServerPort
    private int port;

    @LocalManagementPort
    private int managementPort;

    private static String body(String more) {
        return """
                {"model": "%s", "temperature": 0, "max_tokens": 60, %s,
                 "messages": [{"role": "user", "content": "What is the weather in Paris?"}],
                 "tools": [{"type": "function", "function": {"name": "get_weather", "description": "Weather of a city",
                   "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}]}""".formatted(DefaultModel.ID, more);
    }

    @Test
    void aNamedFunctionIsCalledWholeAndStreamed() throws Exception {
        String named = "\"tool_choice\": {\"type\": \"function\", \"function\": {\"name\": \"get_weather\"}}";
        try (Client client = new Client(port)) {
            JsonNode choice = Client.json(
                            client.post("/v1/chat/completions", body(named)).body())
                    .at("/choices/0");
            JsonNode call = choice.at("/message/tool_calls/0");
            assertThat(call.at("/function/name").asString())
                    .as(choice.toString())
                    .isEqualTo("get_weather");
            String arguments = call.at("/function/arguments").asString();
            assertThat(Client.json(arguments).isObject()).isTrue();
            assertThat(choice.path("finish_reason").asString()).isEqualTo("stop");
            assertThat(choice.at("/message/content").isNull()).isTrue();
            StringBuilder streamed = new StringBuilder();
            List<JsonNode> chunks =
                    Client.events(client.post("/v1/chat/completions", body(named + ", \"stream\": true"))
                            .body()
                            .lines()
                            .toList());
            chunks.forEach(chunk -> streamed.append(
                    chunk.at("/choices/0/delta/tool_calls/0/function/arguments").asString("")));
            assertThat(streamed).hasToString(arguments);
        }
        try (Client management = new Client(managementPort)) {
            assertThat(management.get("/actuator/prometheus").body())
                    .containsPattern("contexture_tool_calls_total\\{outcome=\"complete\"} [1-9]");
        }
    }

    /** The model may answer as it likes; it must be an answer. */
    @Test
    void automaticallyItAnswersInWordsOrCalls() throws Exception {
        try (Client client = new Client(port)) {
            JsonNode choice = Client.json(client.post("/v1/chat/completions", body("\"tool_choice\": \"auto\""))
                            .body())
                    .at("/choices/0");
            boolean calls = choice.at("/message").has("tool_calls");
            assertThat(choice.at("/message/content").asString("").isEmpty()).isEqualTo(calls);
            assertThat(choice.path("finish_reason").asString()).isIn("stop", "length", "tool_calls");
        }
    }
}
