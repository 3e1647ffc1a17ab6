package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.testing.DefaultModel;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.web.server.LocalManagementPort;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Sparse decoding as a client sees it: asked for, bounded, reported. */
@ServiceTest
class SparsityIT {
    private static final int MAX_TOKENS = 24;
    /** Some 1,100 tokens, too many for the default budget. */
    private static final String LONG =
            "The harbour master wrote down every ship, its cargo and its captain. ".repeat(70);

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

    private HttpResponse<String> complete(String prompt, Map<String, Object> sparsity)
            throws IOException, InterruptedException {
        return client.post(
                "/v1/completions",
                JsonMapper.shared()
                        .writeValueAsString(Map.of(
                                "model",
                                DefaultModel.ID,
                                "prompt",
                                prompt,
                                "max_tokens",
                                MAX_TOKENS,
                                "temperature",
                                0,
                                "contexture",
                                Map.of("sparsity", sparsity))));
    }

    private static JsonNode usage(HttpResponse<String> response) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return Client.json(response.body()).at("/usage/contexture/sparsity");
    }

    @Test
    void theModelSaysWhatSelectsAndWithinWhatBounds() throws Exception {
        JsonNode sparsity = Client.json(client.get("/v1/models").body()).at("/data/0/contexture/sparsity");
        assertThat(sparsity.path("selector").asString()).isEqualTo("head");
        assertThat(sparsity.path("mode").asString()).isEqualTo("auto");
        assertThat(sparsity.path("budget").asInt()).isEqualTo(512);
        assertThat(sparsity.path("max_budget").asInt()).isEqualTo(4096);
    }

    @Test
    void longContextsAreSparseByDefaultAndShortOnesDense() throws Exception {
        JsonNode lengthy = usage(complete(LONG, Map.of()));
        assertThat(lengthy.path("mode").asString()).isEqualTo("auto");
        assertThat(lengthy.path("budget").asInt()).isEqualTo(512);
        assertThat(lengthy.path("sparse_steps").asInt()).isEqualTo(MAX_TOKENS - 1);
        assertThat(lengthy.path("mean_selected_mass").asDouble()).isBetween(0.3, 1.0);
        JsonNode brief = usage(complete("A short prompt", Map.of()));
        assertThat(brief.path("sparse_steps").asInt()).isZero();
        assertThat(brief.path("mean_selected_mass").asDouble()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tokens", "blocks", "two-level"})
    void everyModeAndBudgetCanBeAskedFor(String mode) throws Exception {
        JsonNode usage = usage(complete(LONG, Map.of("mode", mode, "budget", 200, "sink", 8, "recent", 32)));
        assertThat(usage.path("mode").asString()).isEqualTo(mode);
        assertThat(usage.path("budget").asInt()).isEqualTo(200);
        assertThat(usage.path("sparse_steps").asInt()).isEqualTo(MAX_TOKENS - 1);
    }

    @Test
    void denseIsARequestAway() throws Exception {
        JsonNode usage = usage(complete(LONG, Map.of("mode", "dense")));
        assertThat(usage.path("sparse_steps").asInt()).isZero();
        assertThat(usage.path("dense_steps").asInt()).isEqualTo(MAX_TOKENS - 1);
        assertThat(usage.path("fallback_steps").asInt()).isZero();
    }

    @Test
    void streamsReportToo() throws Exception {
        String body = JsonMapper.shared()
                .writeValueAsString(Map.of(
                        "model",
                        DefaultModel.ID,
                        "messages",
                        List.of(Map.of("role", "user", "content", LONG)),
                        "max_tokens",
                        6,
                        "stream",
                        true,
                        "stream_options",
                        Map.of("include_usage", true),
                        "contexture",
                        Map.of("sparsity", Map.of("mode", "tokens", "budget", 128))));
        try (var lines = client.stream("/v1/chat/completions", body).body()) {
            JsonNode usage = Client.events(lines.toList()).getLast().at("/usage/contexture/sparsity");
            assertThat(usage.path("budget").asInt()).isEqualTo(128);
            assertThat(usage.path("sparse_steps").asInt()).isEqualTo(5);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "mode | sometimes | contexture.sparsity.mode must be one of auto, dense, tokens, blocks, two-level",
                "budget | 4097 | contexture.sparsity.budget must be at most 4096 but is 4097",
                "budget | 50 | contexture.sparsity.budget (50) must hold sink (4) and recent (64)",
                "budget | -1 | contexture.sparsity.budget must be at least 1 but is -1",
                "sink | -1 | contexture.sparsity.sink must not be negative but is -1",
                "recent | 0 | contexture.sparsity.recent must be at least 1",
            })
    void whatCannotBeIsRefusedByName(String field, String value, String reason) throws Exception {
        Object given = value.matches("-?\\d+") ? (Object) Integer.valueOf(value) : value;
        HttpResponse<String> response = complete(LONG, Map.of(field, given));
        assertThat(response.statusCode()).isEqualTo(400);
        JsonNode error = Client.json(response.body()).path("error");
        assertThat(error.path("message").asString()).contains(reason);
        assertThat(error.path("param").asString()).isEqualTo("contexture.sparsity." + field);
    }

    @Test
    void selectionsAreCounted() throws Exception {
        usage(complete(LONG, Map.of("mode", "tokens")));
        try (Client management = new Client(managementPort)) {
            String metrics = management.get("/actuator/prometheus").body();
            assertThat(metrics)
                    .containsPattern("contexture_sparse_rows_total\\{[^}]*\\} [1-9]")
                    .contains("contexture_sparse_chunks_total")
                    .contains("contexture_selected_mass_ratio_bucket")
                    .contains("contexture_retrieval_select_seconds_bucket")
                    .contains("contexture_sparse_fallbacks_total{cause=\"low_mass\"");
        }
    }
}
