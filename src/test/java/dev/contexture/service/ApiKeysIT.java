package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.Application;
import dev.contexture.security.UnprotectedAddressException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalManagementPort;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.core.env.Environment;
import tools.jackson.databind.JsonNode;

/** With keys every route but the probes asks for one; without, nobody beyond loopback is heard. */
@SpringBootTest(
        classes = Application.class,
        useMainMethod = SpringBootTest.UseMainMethod.ALWAYS,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {
            "management.server.port=0",
            "contexture.data-dir=target/test-data",
            "contexture.security.api-keys=first-secret-key,second-secret-key"
        })
class ApiKeysIT {
    @LocalServerPort
    private int port;

    @LocalManagementPort
    private int managementPort;

    @Autowired
    private Environment environment;

    private final HttpClient http = HttpClient.newHttpClient();

    private HttpResponse<String> get(int at, String path, String key) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://localhost:" + at + path));
        if (!key.isEmpty()) {
            request.header("authorization", "Bearer " + key);
        }
        return http.send(request.build(), BodyHandlers.ofString());
    }

    @Test
    void everyRouteAsksForAKey() throws Exception {
        for (String path : List.of("/v1/models", "/v1/chat/completions", "/v3/api-docs", "/nothing")) {
            HttpResponse<String> without = get(port, path, "");
            assertThat(without.statusCode()).as(path).isEqualTo(401);
            JsonNode error = Client.json(without.body()).path("error");
            assertThat(error.path("code").asString()).isEqualTo("invalid_api_key");
            assertThat(without.headers().firstValue("www-authenticate")).contains("Bearer");
            assertThat(get(port, path, "wrong-secret-key").statusCode())
                    .as(path)
                    .isEqualTo(401);
        }
        assertThat(get(port, "/v1/models", "first-secret-key").statusCode()).isEqualTo(200);
        assertThat(get(port, "/v1/models", "second-secret-key").statusCode()).isEqualTo(200);
    }

    /** Anthropic's clients send it so; where the route is theirs, they are answered in their shape. */
    @Test
    void theOtherHeaderDoesAsWell() throws Exception {
        for (String path : List.of("/v1/models", "/v3/api-docs")) {
            assertThat(withHeader(path, "first-secret-key").statusCode())
                    .as(path)
                    .isEqualTo(200);
            assertThat(withHeader(path, "wrong-secret-key").statusCode())
                    .as(path)
                    .isEqualTo(401);
        }
        HttpResponse<String> refused = withHeader("/v1/messages", "wrong-secret-key");
        assertThat(refused.statusCode()).isEqualTo(401);
        JsonNode body = Client.json(refused.body());
        assertThat(body.at("/error/type").asString()).isEqualTo("authentication_error");
        assertThat(refused.headers().firstValue("request-id"))
                .contains(body.path("request_id").asString());
        assertThat(withHeader("/v1/messages", "first-secret-key").statusCode()).isEqualTo(405);
    }

    private HttpResponse<String> withHeader(String path, String key) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://localhost:" + port + path))
                .header("x-api-key", key)
                .build();
        return http.send(request, BodyHandlers.ofString());
    }

    @Test
    void theManagementPortIsClosedButForProbes() throws Exception {
        for (String path : List.of("/livez", "/readyz", "/startupz", "/health", "/actuator/health/liveness")) {
            assertThat(get(managementPort, path, "").statusCode()).as(path).isEqualTo(200);
        }
        for (String path : List.of("/actuator/prometheus", "/actuator/doctor")) {
            assertThat(get(managementPort, path, "").statusCode()).as(path).isEqualTo(401);
            HttpResponse<String> withKey = get(managementPort, path, "first-secret-key");
            assertThat(withKey.statusCode()).as(path).isEqualTo(200);
            assertThat(withKey.body()).as(path).doesNotContain("secret-key");
        }
    }

    @Test
    void tenantsDoNotShareCachedPrefixes() throws Exception {
        String body = WireShapeIT.chat("\"max_tokens\":1").replace("KV cache", "shared words ".repeat(60));
        assertThat(cachedTokens(body, "first-secret-key")).isZero();
        assertThat(cachedTokens(body, "second-secret-key")).isZero();
        assertThat(cachedTokens(body, "first-secret-key")).isPositive();
    }

    private int cachedTokens(String body, String key) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/v1/chat/completions"))
                .header("content-type", "application/json")
                .header("authorization", "Bearer " + key)
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        HttpResponse<String> response = http.send(request, BodyHandlers.ofString());
        return Client.json(response.body())
                .at("/usage/prompt_tokens_details/cached_tokens")
                .asInt();
    }

    @Test
    void withKeysTheServiceListensEverywhere() {
        assertThat(environment.getProperty("server.address")).isNull();
    }

    @Test
    void withoutKeysAnOpenAddressIsRefused() {
        SpringApplication application = Application.service();
        assertThatThrownBy(() -> application.run("--server.address=0.0.0.0", "--server.port=0"))
                .isInstanceOf(UnprotectedAddressException.class)
                .hasMessageContaining("contexture.security.api-keys");
    }
}
