package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.Application;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.annotation.DirtiesContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Conversations as resources, with the default model. */
@SpringBootTest(
        classes = Application.class,
        useMainMethod = SpringBootTest.UseMainMethod.ALWAYS,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {
            "management.server.port=0",
            "contexture.data-dir=target/test-data",
            "contexture.kv.host-bytes=64MB",
            "contexture.security.api-keys=first-secret-key,second-secret-key"
        })
@DirtiesContext
class SessionsIT {
    private static final String FIRST = "first-secret-key";
    private static final String SECOND = "second-secret-key";

    @LocalServerPort
    private int port;

    private final HttpClient http = HttpClient.newHttpClient();

    private HttpRequest.Builder request(String key, String path) {
        return HttpRequest.newBuilder(URI.create("http://localhost:" + port + path))
                .header("authorization", "Bearer " + key)
                .header("content-type", "application/json");
    }

    private HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
        return http.send(request, BodyHandlers.ofString());
    }

    private JsonNode get(String path) throws Exception {
        HttpResponse<String> response = send(request(FIRST, path).build());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return Client.json(response.body());
    }

    private HttpResponse<String> post(String key, String path, String body) throws Exception {
        return send(request(key, path)
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build());
    }

    private JsonNode posted(String path, String body) throws Exception {
        return posted(FIRST, path, body);
    }

    private JsonNode posted(String key, String path, String body) throws Exception {
        HttpResponse<String> response = post(key, path, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return Client.json(response.body());
    }

    private HttpResponse<String> delete(String key, String path) throws Exception {
        return send(request(key, path).DELETE().build());
    }

    private String create() throws Exception {
        return posted("/v1/sessions", """
                        {"model": "smollm2-135m-instruct", "system": "You are brief.", "ttl_seconds": 600,
                         "metadata": {"topic": "rivers"}}""").path("id").asString();
    }

    private static String chat(String session, String messages, String more) {
        return """
                {"model": "smollm2-135m-instruct", "max_tokens": 12, "temperature": 0, "session_id": "%s",
                 "messages": [%s]%s}""".formatted(session, messages, more);
    }

    private JsonNode turn(String session, String messages) throws Exception {
        return posted("/v1/chat/completions", chat(session, messages, ""));
    }

    private static String user(String content) {
        return "{\"role\": \"user\", \"content\": \"" + content + "\"}";
    }

    @Test
    void aConversationGoesOn() throws Exception {
        String id = create();
        JsonNode first = turn(id, user("Name a river in France."));
        assertThat(first.at("/contexture/session/turn").asInt()).isEqualTo(1);
        assertThat(first.at("/contexture/session/committed").asBoolean()).isTrue();
        String answer = first.at("/choices/0/message/content").asString();
        JsonNode second = turn(id, user("And one in Spain?"));
        int cached = second.at("/usage/prompt_tokens_details/cached_tokens").asInt();
        int before = first.at("/contexture/session/tokens").asInt();
        assertThat(cached).as("of %d tokens", before).isBetween(before - 34, before);
        JsonNode whole = turn(
                id,
                "{\"role\": \"system\", \"content\": \"You are brief.\"}," + user("Name a river in France.")
                        + ",{\"role\": \"assistant\", \"content\": " + quoted(answer) + "}," + user("And one in Spain?")
                        + ",{\"role\": \"assistant\", \"content\": "
                        + quoted(second.at("/choices/0/message/content").asString()) + "}," + user("Thank you."));
        assertThat(whole.at("/contexture/session/matched_messages").asInt()).isEqualTo(5);
        JsonNode session = get("/v1/sessions/" + id);
        assertThat(session.path("object").asString()).isEqualTo("session");
        assertThat(session.path("turns").asInt()).isEqualTo(3);
        assertThat(session.path("messages").asInt()).isEqualTo(7);
        assertThat(session.at("/metadata/topic").asString()).isEqualTo("rivers");
        assertThat(session.at("/kv/device/bytes").asLong()).isPositive();
        assertThat(session.path("expires_at").asLong())
                .isEqualTo(session.path("last_used_at").asLong() + 600);
    }

    private static String quoted(String text) {
        return JsonMapper.shared().writeValueAsString(text);
    }

    @Test
    void blocksSayWhereTheTextLies() throws Exception {
        String id = create();
        posted("/v1/chat/completions", chat(id, user("word ".repeat(700)), ",\"logit_bias\":{\"2\":-100}"));
        JsonNode blocks = get("/v1/sessions/" + id + "/blocks").path("data");
        assertThat(blocks.size()).isGreaterThan(3);
        int token = 0;
        int character = 0;
        for (JsonNode block : blocks) {
            assertThat(block.at("/tokens/begin").asInt()).isEqualTo(token);
            assertThat(block.at("/characters/begin").asInt()).isEqualTo(character);
            token = block.at("/tokens/end").asInt();
            character = block.at("/characters/end").asInt();
        }
        assertThat(blocks.get(0).path("tiers").toString()).contains("device");
        assertThat(blocks.get(0).path("last_score").asDouble())
                .as("the sink is in every selection")
                .isEqualTo(1);
        assertThat(blocks.get(blocks.size() / 2).path("last_score").asDouble()).isBetween(0.0, 1.0);
    }

    @Test
    void sessionsAreListedForkedPinnedAndDeleted() throws Exception {
        String id = create();
        turn(id, user("Name a river in France."));
        String fork = posted("/v1/sessions/" + id + "/fork", "{\"metadata\": {\"topic\": \"lakes\"}}")
                .path("id")
                .asString();
        assertThat(turn(fork, user("And a lake?"))
                        .at("/contexture/session/turn")
                        .asInt())
                .isEqualTo(2);
        assertThat(get("/v1/sessions/" + id).path("turns").asInt()).isEqualTo(1);
        assertThat(posted("/v1/sessions/" + id + "/pin", "{}").path("pinned").asBoolean())
                .isTrue();
        assertThat(get("/v1/sessions/" + id).path("pinned").asBoolean()).isTrue();
        assertThat(posted("/v1/sessions/" + id + "/unpin", "{}").path("pinned").asBoolean())
                .isFalse();
        JsonNode page = get("/v1/sessions?limit=1");
        assertThat(page.path("data")).hasSize(1);
        assertThat(page.path("has_more").asBoolean()).isTrue();
        JsonNode next =
                get("/v1/sessions?limit=100&after=" + page.path("last_id").asString());
        assertThat(next.path("data").size()).isPositive();
        assertThat(delete(FIRST, "/v1/sessions/" + id).statusCode()).isEqualTo(200);
        HttpResponse<String> gone = send(request(FIRST, "/v1/sessions/" + id).build());
        assertThat(gone.statusCode()).isEqualTo(404);
        assertThat(Client.json(gone.body()).at("/error/code").asString()).isEqualTo("session_not_found");
        assertThat(post(FIRST, "/v1/chat/completions", chat(id, user("x"), "")).statusCode())
                .isEqualTo(404);
        assertThat(get("/v1/sessions/" + fork).path("turns").asInt()).isEqualTo(2);
    }

    @Test
    void everythingOfATenantCanBeErased() throws Exception {
        String id = posted(SECOND, "/v1/sessions", "{\"model\": \"smollm2-135m-instruct\"}")
                .path("id")
                .asString();
        assertThat(post(SECOND, "/v1/chat/completions", chat(id, user("Name a river."), ""))
                        .statusCode())
                .isEqualTo(200);
        String others = create();
        JsonNode erased = Client.json(delete(SECOND, "/v1/sessions").body());
        assertThat(erased.path("deleted").asInt()).isEqualTo(1);
        assertThat(erased.path("key_erased").asBoolean()).isTrue();
        assertThat(send(request(SECOND, "/v1/sessions/" + id).build()).statusCode())
                .isEqualTo(404);
        assertThat(get("/v1/sessions/" + others).path("turns").asInt()).isZero();
    }

    @Test
    void anotherTenantSeesNothing() throws Exception {
        String id = create();
        for (String path : List.of("", "/blocks")) {
            assertThat(send(request(SECOND, "/v1/sessions/" + id + path).build())
                            .statusCode())
                    .isEqualTo(404);
        }
        for (String path : List.of("/fork", "/pin", "/unpin")) {
            assertThat(post(SECOND, "/v1/sessions/" + id + path, "{}").statusCode())
                    .isEqualTo(404);
        }
        assertThat(delete(SECOND, "/v1/sessions/" + id).statusCode()).isEqualTo(404);
        assertThat(post(SECOND, "/v1/chat/completions", chat(id, user("x"), "")).statusCode())
                .isEqualTo(404);
        assertThat(Client.json(send(request(SECOND, "/v1/sessions").build()).body())
                        .path("data"))
                .isEmpty();
        assertThat(get("/v1/sessions/" + id).path("turns").asInt()).isZero();
    }

    @Test
    void aSecondTurnIsRefusedOrWaits() throws Exception {
        String id = create();
        String counting = chat(id, user("Count to a thousand."), ",\"logit_bias\":{\"2\":-100},\"stream\":true")
                .replace("\"max_tokens\": 12", "\"max_tokens\": 300");
        // Its headers come with the first token: from then on it has the session.
        HttpResponse<Stream<String>> first = http.send(
                request(FIRST, "/v1/chat/completions")
                        .POST(HttpRequest.BodyPublishers.ofString(counting))
                        .build(),
                BodyHandlers.ofLines());
        assertThat(first.statusCode()).isEqualTo(200);
        HttpResponse<String> second = post(FIRST, "/v1/chat/completions", chat(id, user("Stop."), ""));
        assertThat(second.statusCode()).as(second.body()).isEqualTo(409);
        assertThat(second.headers().firstValueAsLong("retry-after").orElseThrow())
                .isBetween(1L, 15L);
        HttpResponse<String> third = post(
                FIRST,
                "/v1/chat/completions",
                chat(id, user("Stop."), ",\"contexture\":{\"session\":{\"wait_ms\":30000}}"));
        assertThat(third.statusCode()).as(third.body()).isEqualTo(200);
        try (Stream<String> lines = first.body()) {
            assertThat(lines.toList()).contains("data: [DONE]");
        }
        assertThat(Client.json(third.body()).at("/contexture/session/turn").asInt())
                .isEqualTo(2);
    }

    private HttpResponse<String> put(String key, String conversation, String messages) throws Exception {
        return send(request(key, "/v1/memory/" + conversation)
                .PUT(HttpRequest.BodyPublishers.ofString("{\"messages\": [" + messages + "]}"))
                .build());
    }

    @Test
    void whatIsRememberedIsASession() throws Exception {
        String name = "rivers%2Fof%20%C3%85bo" + "%E2%82%AC".repeat(499); // 512 characters
        HttpResponse<String> written = put(FIRST, name, user("Name a river in France."));
        assertThat(written.statusCode()).as(written.body()).isEqualTo(200);
        String id = Client.json(written.body()).path("id").asString();
        JsonNode turn = turn(id, user("Name a river in France."));
        JsonNode remembered = get("/v1/memory/" + name);
        assertThat(remembered.path("conversation").asString())
                .startsWith("rivers/of \u00c5bo\u20ac")
                .hasSize(512);
        assertThat(remembered.path("messages")).hasSize(2);
        assertThat(remembered.at("/messages/1/content")).isEqualTo(turn.at("/choices/0/message/content"));
        assertThat(get("/v1/memory?limit=100").path("data").toString()).contains(id);
        assertThat(get("/v1/sessions/" + id).at("/kv/device/bytes").asLong()).isPositive();

        assertThat(Client.json(send(request(SECOND, "/v1/memory/" + name).build())
                                .body())
                        .path("messages"))
                .isEmpty();
        assertThat(delete(SECOND, "/v1/memory/" + name).statusCode()).isEqualTo(200);
        assertThat(get("/v1/memory/" + name)).isEqualTo(remembered);
        expect(put(FIRST, name, "{\"role\": \"user\"}"), 400, "missing_required_parameter", "messages[0].content");
        expect(put(FIRST, "x".repeat(513), user("x")), 400, "invalid_value", "conversation");

        assertThat(delete(FIRST, "/v1/memory/" + name).statusCode()).isEqualTo(200);
        assertThat(get("/v1/memory/" + name).path("messages")).isEmpty();
        assertThat(send(request(FIRST, "/v1/sessions/" + id).build()).statusCode())
                .isEqualTo(404);
    }

    @Test
    void whatIsWrongIsSaid() throws Exception {
        String id = create();
        expect(post(FIRST, "/v1/sessions", "{\"model\": \"other\"}"), 404, "model_not_found", "model");
        expect(
                post(FIRST, "/v1/sessions", "{\"model\": \"smollm2-135m-instruct\", \"ttl_seconds\": 999999999}"),
                400,
                "invalid_value",
                "ttl_seconds");
        expect(
                post(FIRST, "/v1/sessions", "{\"model\": \"smollm2-135m-instruct\", \"ttl_seconds\": 0}"),
                400,
                "invalid_value",
                "ttl_seconds");
        expect(
                post(
                        FIRST,
                        "/v1/sessions",
                        "{\"model\": \"smollm2-135m-instruct\", \"metadata\": {\"a\": \"" + "x".repeat(600) + "\"}}"),
                400,
                "invalid_value",
                "metadata");
        expect(post(FIRST, "/v1/chat/completions", chat(id, user("x"), ",\"n\": 2")), 400, "invalid_value", "n");
        expect(
                post(
                        FIRST,
                        "/v1/chat/completions",
                        chat(id, user("x"), ",\"contexture\":{\"session\":{\"on_disconnect\":\"drop\"}}")),
                400,
                "invalid_value",
                "contexture.session.on_disconnect");
        expect(
                post(
                        FIRST,
                        "/v1/chat/completions",
                        chat(id, user("x"), ",\"contexture\":{\"session\":{\"wait_ms\":99999999}}")),
                400,
                "invalid_value",
                "contexture.session.wait_ms");
        expect(
                send(request(FIRST, "/v1/chat/completions")
                        .header("X-Session-Id", "another")
                        .POST(HttpRequest.BodyPublishers.ofString(chat(id, user("x"), "")))
                        .build()),
                400,
                "invalid_value",
                "session_id");
        expect(
                post(
                        FIRST,
                        "/v1/completions",
                        "{\"model\": \"smollm2-135m-instruct\", \"prompt\": \"x\", \"session_id\": \"" + id + "\"}"),
                400,
                "unsupported_parameter",
                "session_id");
        expect(send(request(FIRST, "/v1/sessions?limit=0").build()), 400, "invalid_value", "limit");
        assertThat(get("/v1/sessions/" + id).path("turns").asInt()).isZero();
    }

    private static void expect(HttpResponse<String> response, int status, String code, String param) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        JsonNode error = Client.json(response.body()).path("error");
        assertThat(error.path("param").asString()).isEqualTo(param);
        assertThat(error.path("code").asString()).isEqualTo(code);
    }

    @Test
    void aStreamSaysWhatBecameOfTheTurn() throws Exception {
        String id = create();
        HttpResponse<String> response = send(request(FIRST, "/v1/chat/completions")
                .header("X-Session-Id", id)
                .POST(HttpRequest.BodyPublishers.ofString(chat(
                        id, user("Name a river."), ",\"stream\": true, \"stream_options\": {\"include_usage\": true}")))
                .build());
        List<JsonNode> events = Client.events(response.body().lines().toList());
        JsonNode last = events.getLast();
        assertThat(last.path("choices")).isEmpty();
        assertThat(last.at("/contexture/session/id").asString()).isEqualTo(id);
        assertThat(last.at("/contexture/session/committed").asBoolean()).isTrue();
        assertThat(last.at("/contexture/persisted").isBoolean()).isTrue();
    }
}
