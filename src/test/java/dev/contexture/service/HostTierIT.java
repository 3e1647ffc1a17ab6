package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.Application;
import dev.contexture.testing.DefaultModel;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalManagementPort;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.annotation.DirtiesContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A KV pool that holds one long prompt, and host memory that holds several: a prompt that had to go comes back. */
@SpringBootTest(
        classes = Application.class,
        useMainMethod = SpringBootTest.UseMainMethod.ALWAYS,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {
            "management.server.port=0",
            "contexture.data-dir=target/test-data",
            "contexture.engine.context-length=1600",
            "contexture.kv.device-bytes=40MB",
            "contexture.kv.host-bytes=256MB",
            "contexture.kv.stored-format=f16",
            "contexture.kv.audit-interval=1"
        })
@DirtiesContext
class HostTierIT {
    private static final String FIRST =
            "The harbour master wrote down every ship, its cargo and its captain. ".repeat(80);
    private static final String SECOND =
            "In the mill by the river they ground rye, oats and barley all year. ".repeat(80);

    private static final Pattern STORED = Pattern.compile("contexture_kv_stored_blocks_total\\{[^}]*} (\\S+)");
    private static final Pattern AUDITS = Pattern.compile("contexture_kv_audit_difference_ratio_count\\{[^}]*} (\\S+)");
    private static final int BLOCK_TOKENS = 16;
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(20);

    @LocalServerPort
    private int port;

    @LocalManagementPort
    private int managementPort;

    @Test
    void aPromptThatThePoolForgotIsNotComputedAgain() throws Exception {
        try (Client client = new Client(port);
                Client management = new Client(managementPort)) {
            JsonNode first = complete(client, FIRST);
            int promptTokens = first.at("/usage/prompt_tokens").asInt();
            assertThat(first.at("/usage/prompt_tokens_details/cached_tokens").asInt())
                    .isZero();
            awaitMetric(management, STORED, promptTokens / BLOCK_TOKENS);
            complete(client, SECOND);
            JsonNode again = complete(client, FIRST);
            assertThat(again.at("/usage/prompt_tokens_details/cached_tokens").asInt())
                    .as("of %d", promptTokens)
                    .isGreaterThan(promptTokens - 40);
            assertThat(again.at("/choices/0/text")).isEqualTo(first.at("/choices/0/text"));
            awaitMetric(management, AUDITS, 1);
            String metrics = management.get("/actuator/prometheus").body();
            assertThat(metrics)
                    .containsPattern("contexture_kv_restored_tokens_total\\{[^}]*} [1-9]")
                    .containsPattern("contexture_kv_stored_blocks_total\\{[^}]*} [1-9]")
                    .containsPattern("contexture_kv_audit_breaches_total\\{[^}]*} 0")
                    .containsPattern("contexture_kv_tier_limit_bytes\\{[^}]*tier=\"host\"[^}]*} 2.6");
        }
    }

    /** Blocks whose pages are wanted before they are stored are lost to the tiers; audits wait for an idle loop. */
    private static void awaitMetric(Client management, Pattern metric, int value) throws Exception {
        Instant deadline = Instant.now().plus(LONGEST_WAIT);
        while (read(management.get("/actuator/prometheus").body(), metric) < value) {
            assertThat(Instant.now()).as("%s is %d", metric, value).isBefore(deadline);
            Thread.sleep(20);
        }
    }

    private static double read(String metrics, Pattern metric) {
        Matcher found = metric.matcher(metrics);
        assertThat(found.find()).as("%s", metric).isTrue();
        return Double.parseDouble(found.group(1));
    }

    private static JsonNode complete(Client client, String prompt) throws Exception {
        HttpResponse<String> response = client.post(
                "/v1/completions",
                JsonMapper.shared()
                        .writeValueAsString(Map.of(
                                "model", DefaultModel.ID, "prompt", prompt, "max_tokens", 12, "temperature", 0)));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return Client.json(response.body());
    }
}
