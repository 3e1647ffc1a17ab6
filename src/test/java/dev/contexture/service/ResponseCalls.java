package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.Application;
import dev.contexture.testing.DefaultModel;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.annotation.DirtiesContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The running service with two tenants, and calls to its responses. */
@SpringBootTest(
        classes = Application.class,
        useMainMethod = SpringBootTest.UseMainMethod.ALWAYS,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {
            "management.server.port=0",
            "contexture.data-dir=target/test-data",
            "contexture.kv.host-bytes=64MB",
            "contexture.responses.max-per-tenant=40",
            "contexture.security.api-keys=first-secret-key,second-secret-key"
        })
@DirtiesContext
abstract class ResponseCalls {
    static final String FIRST = "first-secret-key";
    static final String SECOND = "second-secret-key";

    @LocalServerPort
    int port;

    final HttpClient http = HttpClient.newHttpClient();

    HttpRequest.Builder request(String key, String path) {
        return HttpRequest.newBuilder(URI.create("http://localhost:" + port + path))
                .header("authorization", "Bearer " + key)
                .header("content-type", "application/json");
    }

    HttpResponse<String> get(String key, String path) throws Exception {
        return http.send(request(key, path).build(), BodyHandlers.ofString());
    }

    HttpResponse<String> delete(String key, String path) throws Exception {
        return http.send(request(key, path).DELETE().build(), BodyHandlers.ofString());
    }

    HttpResponse<String> post(String key, String path, String body) throws Exception {
        return http.send(
                request(key, path)
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                BodyHandlers.ofString());
    }

    static String body(Map<String, ?> more) {
        Map<String, Object> body = new LinkedHashMap<>(Map.of(
                "model",
                DefaultModel.ID,
                "temperature",
                0,
                "max_output_tokens",
                24,
                "input",
                "Name a river in France."));
        body.putAll(more);
        return JsonMapper.shared().writeValueAsString(body);
    }

    JsonNode create(Map<String, ?> more) throws Exception {
        return create(FIRST, more);
    }

    JsonNode create(String key, Map<String, ?> more) throws Exception {
        return ok(post(key, "/v1/responses", body(more)));
    }

    static JsonNode ok(HttpResponse<String> response) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return Client.json(response.body());
    }

    static JsonNode refused(int status, HttpResponse<String> response) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        return Client.json(response.body()).path("error");
    }

    static String text(JsonNode response) {
        return response.at("/output/0/content/0/text").asString();
    }

    static String path(JsonNode response) {
        return "/v1/responses/" + response.path("id").asString();
    }

    HttpResponse<Stream<String>> stream(Map<String, ?> more) throws Exception {
        Map<String, Object> streamed = new LinkedHashMap<>(more);
        streamed.put("stream", true);
        return http.send(
                request(FIRST, "/v1/responses")
                        .POST(HttpRequest.BodyPublishers.ofString(body(streamed)))
                        .build(),
                BodyHandlers.ofLines());
    }
}
