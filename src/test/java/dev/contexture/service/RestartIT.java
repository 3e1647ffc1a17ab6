package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.contexture.testing.DefaultModel;
import java.util.HashMap;
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

    @Test
    void twoProcessesDoNotShareADataDirectory() {
        try (ServiceLife first = ServiceLife.start(EMBEDDED)) {
            assertThat(first.context().isActive()).isTrue();
            assertThat(catchThrowable(() -> ServiceLife.start(EMBEDDED).close()))
                    .hasStackTraceContaining("another process keeps its sessions in");
        }
    }
}
