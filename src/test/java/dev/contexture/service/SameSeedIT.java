package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.TestPropertySource;

/**
 * The same seed gives the same text, whatever else is in the batch: in the exact mode. The fast mode's products of several rows
 * and of one are equal on some processors only.
 */
@ServiceTest
@TestPropertySource(properties = "contexture.engine.precision=exact")
class SameSeedIT {
    private static final String SEEDED =
            WireShapeIT.chat("\"seed\":12345,\"temperature\":0.9,\"max_tokens\":40,\"cache_salt\":\"%s\"");

    @LocalServerPort
    private int port;

    @Test
    void alonePrefixCachedAndAmongOthers() throws Exception {
        try (Client client = new Client(port)) {
            String alone = text(client.post("/v1/chat/completions", SEEDED.formatted("a")));
            assertThat(alone).isNotBlank();
            assertThat(text(client.post("/v1/chat/completions", SEEDED.formatted("a"))))
                    .as("with a cached prefix")
                    .isEqualTo(alone);
            List<CompletableFuture<HttpResponse<String>>> others = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                String body = WireShapeIT.chat("\"max_tokens\":60,\"temperature\":1.3")
                        .replace("KV cache", "KV cache " + "and more ".repeat(i * 7));
                others.add(
                        client.http().sendAsync(client.request("/v1/chat/completions", body), BodyHandlers.ofString()));
            }
            for (int i = 0; i < 4; i++) {
                assertThat(text(client.post("/v1/chat/completions", SEEDED.formatted("b" + i))))
                        .as("among others")
                        .isEqualTo(alone);
            }
            for (CompletableFuture<HttpResponse<String>> other : others) {
                assertThat(other.get().statusCode()).isEqualTo(200);
            }
        }
    }

    private static String text(HttpResponse<String> response) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return Client.json(response.body()).at("/choices/0/message/content").asString();
    }
}
