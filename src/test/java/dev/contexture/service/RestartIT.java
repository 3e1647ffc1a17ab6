package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.contexture.testing.DefaultModel;
import dev.contexture.testing.SchemaJudge;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Sessions outlive the process, with nothing configured: the text, and what was computed of it. */
class RestartIT {
    private static final String STORY =
            "The harbour master wrote down every ship, its cargo and its captain. ".repeat(190);
    private static final String QUESTION = "Who wrote down every ship?";
    private static final String WEATHER = """
            {"type": "object", "properties": {"city": {"enum": ["Turku", "Rome"]}}, "required": ["city"],
              "additionalProperties": false}""";
    private static final String EMBEDDED = "--contexture.redis.embedded=true";

    @ParameterizedTest
    @ValueSource(ints = {0, 512})
    void aSessionGoesOnInAnotherProcess(int partialTokens) throws Exception {
        String[] settings = {EMBEDDED, "--contexture.kv.partial-restore-tokens=" + partialTokens};
        String session;
        int tokens;
        String expected;
        try (ServiceLife service = ServiceLife.start(settings)) {
            session = service.createSession();
            JsonNode first = service.turn(session, STORY);
            assertThat(first.at("/contexture/persisted").asBoolean()).isTrue();
            tokens = first.at("/contexture/session/tokens").asInt();
            expected = ServiceLife.text(service.turn(service.fork(session), QUESTION));
        }
        try (ServiceLife service = ServiceLife.start(settings)) {
            JsonNode found =
                    Client.json(service.client().get("/v1/sessions/" + session).body());
            assertThat(found.path("turns").asInt()).isEqualTo(1);
            JsonNode second = service.turn(session, QUESTION);
            assertThat(second.at("/contexture/session/turn").asInt()).isEqualTo(2);
            assertThat(second.at("/usage/prompt_tokens_details/cached_tokens").asInt())
                    .isGreaterThan(tokens - 40);
            assertThat(second.at("/contexture/restore/redis_tokens").asInt())
                    .isEqualTo(second.at("/usage/prompt_tokens_details/cached_tokens")
                            .asInt());
            assertThat(second.at("/contexture/restore/host_tokens").asInt(-1)).isZero();
            assertThat(second.at("/contexture/restore/choice").asString())
                    .isEqualTo(partialTokens == 0 ? "whole" : "partial");
            if (partialTokens == 0) {
                assertThat(ServiceLife.text(second)).isEqualTo(expected);
            } else {
                assertThat(ServiceLife.text(second)).isNotBlank();
            }
        }
    }

    /** Records, the conversation behind them, and what was computed of it. */
    @Test
    void aChainOfResponsesGoesOnInAnotherProcess() throws Exception {
        String[] settings = {EMBEDDED, "--contexture.kv.partial-restore-tokens=0"};
        JsonNode first;
        JsonNode expected;
        try (ServiceLife service = ServiceLife.start(settings)) {
            first = service.post("/v1/responses", response(STORY, ""));
            assertThat(first.at("/contexture/persisted").asBoolean()).isTrue();
            expected = service.post(
                    "/v1/responses", response(QUESTION, first.path("id").asString()));
        }
        try (ServiceLife service = ServiceLife.start(settings)) {
            JsonNode found = Client.json(service.client()
                    .get("/v1/responses/" + first.path("id").asString())
                    .body());
            assertThat(found.path("output")).isEqualTo(first.path("output"));
            JsonNode again = service.post(
                    "/v1/responses", response(QUESTION, first.path("id").asString()));
            assertThat(again.at("/output/0/content")).isEqualTo(expected.at("/output/0/content"));
            assertThat(again.at("/usage/input_tokens_details/cached_tokens").asInt())
                    .isGreaterThan(first.at("/usage/input_tokens").asInt() - 40);
            JsonNode onward = service.post(
                    "/v1/responses",
                    response("And the cargo?", expected.path("id").asString()));
            assertThat(onward.at("/usage/input_tokens").asInt())
                    .isGreaterThan(expected.at("/usage/input_tokens").asInt());
        }
    }

    private static Map<String, Object> response(String input, String previous) {
        Map<String, Object> body = new HashMap<>(
                Map.of("model", DefaultModel.ID, "temperature", 0, "max_output_tokens", 16, "input", input));
        if (!previous.isEmpty()) {
            body.put("previous_response_id", previous);
        }
        return body;
    }

    /** One process asks for a call, another gets its output. */
    @Test
    void aCallIsAnsweredInAnotherProcess() throws Exception {
        String[] settings = {EMBEDDED, "--contexture.kv.partial-restore-tokens=0"};
        JsonNode called;
        JsonNode expected;
        try (ServiceLife service = ServiceLife.start(settings)) {
            called = service.post(
                    "/v1/responses",
                    asking(STORY.substring(STORY.length() / 10) + "How is the weather in Turku?", "", "required"));
            expected = service.post("/v1/responses", output(called));
        }
        JsonNode call = called.at("/output/0");
        assertThat(called.path("status").asString()).isEqualTo("completed");
        assertThat(call.path("type").asString()).isEqualTo("function_call");
        assertThat(new SchemaJudge(WEATHER).fault(call.path("arguments").asString()))
                .isEmpty();
        try (ServiceLife service = ServiceLife.start(settings)) {
            JsonNode told = service.post("/v1/responses", output(called));
            assertThat(told.path("previous_response_id").asString())
                    .isEqualTo(called.path("id").asString());
            assertThat(told.at("/output/0/type").asString()).isEqualTo("message");
            assertThat(told.at("/output/0/content")).isEqualTo(expected.at("/output/0/content"));
            assertThat(told.at("/usage/input_tokens").asInt())
                    .isEqualTo(expected.at("/usage/input_tokens").asInt());
            assertThat(told.at("/usage/input_tokens_details/cached_tokens").asInt())
                    .isGreaterThan(called.at("/usage/input_tokens").asInt() - 40);
            Map<String, Object> stranger = output(called);
            stranger.put("input", List.of(outputOf("call_of_nobody")));
            assertThat(service.send("/v1/responses", stranger).statusCode()).isEqualTo(400);
        }
    }

    /** The same of a session: its next turn is the result. */
    @Test
    void aSessionsCallIsAnsweredInAnotherProcess() throws Exception {
        String session;
        String fork;
        JsonNode call;
        String expected;
        Map<String, Object> question =
                turn("required", Map.of("role", "user", "content", "How is the weather in Turku?"));
        try (ServiceLife service = ServiceLife.start(EMBEDDED)) {
            session = service.createSession();
            question.put("session_id", session);
            JsonNode called = service.post("/v1/chat/completions", question);
            assertThat(called.at("/choices/0/finish_reason").asString()).isEqualTo("tool_calls");
            call = called.at("/choices/0/message/tool_calls/0");
            fork = service.fork(session);
            expected = ServiceLife.text(service.post("/v1/chat/completions", result(fork, call)));
        }
        assertThat(expected).isNotBlank();
        try (ServiceLife service = ServiceLife.start(EMBEDDED)) {
            JsonNode told = service.post("/v1/chat/completions", result(session, call));
            assertThat(told.at("/contexture/session/turn").asInt()).isEqualTo(2);
            assertThat(ServiceLife.text(told)).isEqualTo(expected);
        }
    }

    private static Map<String, Object> result(String session, JsonNode call) {
        Map<String, Object> turn = turn(
                "auto",
                Map.of(
                        "role",
                        "tool",
                        "tool_call_id",
                        call.path("id").asString(),
                        "content",
                        "It rains in "
                                + Client.json(call.at("/function/arguments").asString())
                                        .path("city")
                                        .asString()));
        turn.put("session_id", session);
        return turn;
    }

    private static Map<String, Object> turn(String choice, Map<String, ?> message) {
        return new HashMap<>(Map.of(
                "model",
                DefaultModel.ID,
                "temperature",
                0,
                "max_tokens",
                60,
                "messages",
                List.of(message),
                "tools",
                List.of(Map.of(
                        "type",
                        "function",
                        "function",
                        Map.of("name", "get_weather", "parameters", Client.json(WEATHER)))),
                "parallel_tool_calls",
                false,
                "tool_choice",
                choice));
    }

    private static Map<String, Object> asking(Object input, String previous, String choice) {
        Map<String, Object> body = new HashMap<>(Map.of(
                "model",
                DefaultModel.ID,
                "temperature",
                0,
                "max_output_tokens",
                60,
                "input",
                input,
                "tools",
                List.of(Map.of("type", "function", "name", "get_weather", "parameters", Client.json(WEATHER))),
                "parallel_tool_calls",
                false,
                "tool_choice",
                choice));
        if (!previous.isEmpty()) {
            body.put("previous_response_id", previous);
        }
        return body;
    }

    private static Map<String, Object> output(JsonNode called) {
        return asking(
                List.of(outputOf(called.at("/output/0/call_id").asString())),
                called.path("id").asString(),
                "auto");
    }

    private static Map<String, String> outputOf(String call) {
        return Map.of("type", "function_call_output", "call_id", call, "output", "It rains in Turku.");
    }

    @Test
    void twoProcessesDoNotShareADataDirectory() {
        try (ServiceLife first = ServiceLife.start(EMBEDDED)) {
            assertThat(first.context().isActive()).isTrue();
            assertThat(catchThrowable(() -> ServiceLife.start(EMBEDDED).close()))
                    .hasStackTraceContaining("another process keeps its sessions in");
        }
    }
}
