package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

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
            assertThat(second.at("/contexture/restore/choice").asString())
                    .isEqualTo(partialTokens == 0 ? "whole" : "partial");
            if (partialTokens == 0) {
                assertThat(ServiceLife.text(second)).isEqualTo(expected);
            } else {
                assertThat(ServiceLife.text(second)).isNotBlank();
            }
        }
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
