package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.Application;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalManagementPort;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;

/** The service where descriptors choose: what it says of itself and of its answers. */
@SpringBootTest(
        classes = Application.class,
        useMainMethod = SpringBootTest.UseMainMethod.ALWAYS,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {
            "management.server.port=0",
            "contexture.data-dir=target/test-data",
            "contexture.sparsity.selector=descriptors",
            "contexture.sparsity.descriptor=mean",
            "contexture.sparsity.descriptor-groups=10"
        })
class DescriptorServiceIT {
    private static final int OUTPUT_TOKENS = 12;

    @LocalServerPort
    private int port;

    @LocalManagementPort
    private int managementPort;

    @Test
    void answersSaySparseStepsAndTheModelItsSelector() throws Exception {
        try (Client client = new Client(port);
                Client management = new Client(managementPort)) {
            JsonNode sparsity = Client.json(client.get("/v1/models").body()).at("/data/0/contexture/sparsity");
            assertThat(sparsity.at("/selector").asString()).isEqualTo("descriptors");
            assertThat(sparsity.at("/budget").asInt()).isEqualTo(1024);

            String body = WireShapeIT.chat(
                            "\"max_tokens\":" + OUTPUT_TOKENS + ",\"contexture\":{\"sparsity\":{\"budget\":160}}")
                    .replace("What is a KV cache?", "Go on: " + "one river, two hills, three roads. ".repeat(40));
            for (String text : List.of(body, body)) { // the second time on a cached prefix
                JsonNode usage = Client.json(
                                client.post("/v1/chat/completions", text).body())
                        .at("/usage/contexture/sparsity");
                int completed = usage.at("/sparse_steps").asInt();
                assertThat(completed).as(usage.toString()).isBetween(1, OUTPUT_TOKENS - 1);
                assertThat(usage.at("/budget").asInt()).isEqualTo(160);
                assertThat(usage.at("/mean_selected_mass").asDouble()).isBetween(0.01, 1.0);
            }
            assertThat(management.get("/actuator/prometheus").body())
                    .contains("contexture_sparse_rows_total")
                    .contains("cause=\"no_descriptors\"");
        }
    }
}
