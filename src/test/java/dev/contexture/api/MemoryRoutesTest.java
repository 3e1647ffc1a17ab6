package dev.contexture.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.provider.ContextureMemory;
import dev.contexture.provider.remote.RemoteContexture;
import dev.contexture.provider.remote.RemoteSettings;
import dev.contexture.session.Conversations;
import dev.contexture.session.SessionMessage;
import dev.contexture.session.SpokenAnswer;
import dev.contexture.session.dialect.DialectSettings;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Memory over HTTP, as it lies on the wire, and by the client that adapters use. */
class MemoryRoutesTest {
    private static final String FIRST = "first-key";
    private static final String SECOND = "second-key";
    private static final List<SessionMessage> SAID =
            List.of(SessionMessage.of("user", "One?"), SessionMessage.of("assistant", "Yes."));
    /** 512 characters, of which each has nine on its way. */
    private static final String LONGEST = "\u20ac".repeat(512);

    private static ScriptedChat server;
    private static HttpClient http;
    private static RemoteContexture first;
    private static RemoteContexture second;

    @BeforeAll
    static void start() {
        server = new ScriptedChat("qwen3", DialectSettings.AUTO, List.of(FIRST, SECOND));
        http = HttpClient.newHttpClient();
        first = new RemoteContexture(RemoteSettings.of(server.url(), FIRST), () -> 0);
        second = new RemoteContexture(RemoteSettings.of(server.url(), SECOND), () -> 0);
    }

    @AfterAll
    static void stop() {
        first.close();
        second.close();
        http.close();
        server.close();
    }

    @AfterEach
    void forget() throws Exception {
        for (String key : List.of(FIRST, SECOND)) {
            assertThat(send(key, "DELETE", "/sessions", "").statusCode()).isEqualTo(200);
        }
    }

    private static HttpResponse<String> send(String key, String method, String path, String body) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(server.url() + path))
                .method(method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
                .header("content-type", "application/json");
        return http.send(
                key.isEmpty()
                        ? request.build()
                        : request.header("authorization", "Bearer " + key).build(),
                BodyHandlers.ofString());
    }

    private static JsonNode answered(String method, String path, String body) throws Exception {
        HttpResponse<String> response = send(FIRST, method, path, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return JsonMapper.shared().readTree(response.body());
    }

    private static List<SessionMessage> messages(ContextureMemory memory, String conversation) {
        return Objects.requireNonNull(memory.messages(conversation).block());
    }

    private static List<String> conversations(ContextureMemory memory) {
        return Objects.requireNonNull(memory.conversations().collectList().block());
    }

    @Test
    void whatIsPutIsGot() throws Exception {
        String messages = """
                [{"role": "system", "content": "You are brief."}, {"role": "user", "content": "How is it in Turku?"},
                 {"role": "assistant", "content": null, "reasoning_content": "Hm.", "tool_calls": [{"id": "c1", "type": "function",
                  "function": {"name": "weather", "arguments": "{\\"city\\": \\"Turku\\"}"}}]},
                 {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "Rain"}]},
                 {"role": "assistant", "content": "It rains."}]""";
        JsonNode written = answered("PUT", "/memory/alice", "{\"messages\": " + messages + "}");
        assertThat(written.path("id").asString()).isEqualTo(Conversations.sessionId("alice"));
        assertThat(written.path("object").asString()).isEqualTo("memory");
        assertThat(written.path("conversation").asString()).isEqualTo("alice");
        assertThat(written.has("messages")).isFalse();
        JsonNode read = answered("GET", "/memory/alice", "");
        assertThat(read.path("messages")).isEqualTo(JsonMapper.shared().readTree("""
                        [{"role": "system", "content": "You are brief."}, {"role": "user", "content": "How is it in Turku?"},
                         {"role": "assistant", "content": "", "reasoning_content": "Hm.", "tool_calls": [{"id": "c1", "type": "function",
                          "function": {"name": "weather", "arguments": "{\\"city\\":\\"Turku\\"}"}}]},
                         {"role": "tool", "tool_call_id": "c1", "content": "Rain"},
                         {"role": "assistant", "content": "It rains."}]"""));
        // What was got may be put again, and is what chat completions take.
        answered("PUT", "/memory/alice", "{\"messages\": " + read.path("messages") + "}");
        assertThat(answered("GET", "/memory/alice", "")).isEqualTo(read);
        server.generator.willAnswer("Fine.");
        answered(
                "POST",
                "/chat/completions",
                "{\"model\": \"scripted\", \"messages\": "
                        + read.path("messages").toString().replaceFirst("]$", "")
                        + ", {\"role\": \"user\", \"content\": \"And now?\"}], \"session_id\": \""
                        + written.path("id").asString() + "\"}");
        assertThat(answered("GET", "/memory/alice", "").path("messages")).hasSize(7);
    }

    @Test
    void whatThereIsNotHasNoMessages() throws Exception {
        assertThat(answered("GET", "/memory/nobody", "").path("messages")).isEmpty();
        for (int i = 0; i < 2; i++) {
            JsonNode deleted = answered("DELETE", "/memory/nobody", "");
            assertThat(deleted.path("object").asString()).isEqualTo("memory.deleted");
            assertThat(deleted.path("deleted").asBoolean()).isTrue();
        }
        assertThat(answered("GET", "/memory", "").path("data")).isEmpty();
    }

    @Test
    void conversationsAreListedByPages() throws Exception {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            names.add("talk " + i);
            first.memory().write(names.getLast(), SAID).block();
        }
        // Sessions that are no conversations: one without a name, a copy, and one that says it were.
        answered("POST", "/sessions", "{\"model\": \"scripted\"}");
        answered("POST", "/sessions/" + Conversations.sessionId("talk 0") + "/fork", "{}");
        answered("POST", "/sessions", "{\"model\": \"scripted\", \"metadata\": {\"conversation\": \"talk 9\"}}");
        List<String> found = new ArrayList<>();
        String after = "";
        for (int pages = 1; ; pages++) {
            JsonNode page = answered("GET", "/memory?limit=2" + after, "");
            page.path("data").forEach(row -> found.add(row.path("conversation").asString()));
            after = "&after=" + page.path("last_id").asString();
            if (!page.path("has_more").asBoolean()) {
                assertThat(pages).isEqualTo(4);
                break;
            }
        }
        assertThat(found).containsExactlyInAnyOrderElementsOf(names);
        assertThat(conversations(first.memory())).isEqualTo(found);
        HttpResponse<String> refused = send(FIRST, "GET", "/memory?limit=101", "");
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(refused.body()).contains("limit must be a number from 1 to 100");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a/b",
                "/",
                "//a//",
                "a b+c",
                "100%",
                "%2F",
                "a%20b",
                "?q=1&x#y",
                "a;b=c",
                ".",
                "..",
                "../sessions",
                "{id}",
                "\\",
                "\u0001",
                "Grüße aus Åbo",
                "会話",
                "\uD83C\uDF0A"
            })
    void idsAreWhateverTheyAre(String conversation) {
        ContextureMemory memory = first.memory();
        memory.write(conversation, SAID).block();
        assertThat(messages(memory, conversation)).isEqualTo(SAID);
        assertThat(conversations(memory)).containsExactly(conversation);
        memory.delete(conversation).block();
        assertThat(conversations(memory)).isEmpty();
    }

    @Test
    void theLongestIdFits() throws Exception {
        first.memory().write(LONGEST, SAID).block();
        assertThat(conversations(first.memory())).containsExactly(LONGEST);
        HttpResponse<String> refused = send(FIRST, "GET", "/memory/" + "x".repeat(513), "");
        assertThat(refused.statusCode()).isEqualTo(400);
        JsonNode error = JsonMapper.shared().readTree(refused.body()).path("error");
        assertThat(error.path("param").asString()).isEqualTo("conversation");
        assertThat(error.path("message").asString()).contains("1 to 512 characters but has 513");
        assertThat(send(FIRST, "PUT", "/memory/%20%20", "{\"messages\": []}").statusCode())
                .isEqualTo(400);
    }

    @Test
    void anotherTenantSeesNothing() throws Exception {
        first.memory().write("alice", SAID).block();
        assertThat(messages(second.memory(), "alice")).isEmpty();
        assertThat(conversations(second.memory())).isEmpty();
        second.memory().write("alice", SAID.subList(0, 1)).block();
        second.memory().delete("alice").block();
        assertThat(messages(first.memory(), "alice")).isEqualTo(SAID);
        for (String method : List.of("GET", "PUT", "DELETE")) {
            assertThat(send("", method, "/memory/alice", "").statusCode()).isEqualTo(401);
        }
        assertThat(send("", "GET", "/memory", "").statusCode()).isEqualTo(401);
    }

    @Test
    void callsComeBackAsTheyWere() {
        List<SessionMessage> said = List.of(
                SessionMessage.of("user", "How is it in Turku?"),
                new SessionMessage(SpokenAnswer.message(
                        "", "Hm.", List.of(new SpokenAnswer.Call("c1", "weather", "{\"city\": \"Turku\"}")))),
                new SessionMessage(Map.of("role", "tool", "content", "Rain", "tool_call_id", "c1")));
        first.memory().write("alice", said).block();
        assertThat(messages(first.memory(), "alice")).isEqualTo(said);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    {                                                           | 400 |                       | invalid_json
                    []                                                          | 400 |                       | invalid_type
                    {}                                                          | 400 | messages              | missing_required_parameter
                    {"messages": "x"}                                           | 400 | messages              | invalid_type
                    {"messages": [null]}                                        | 400 | messages[0]           | invalid_type
                    {"messages": [{"content": "x"}]}                            | 400 | messages[0].role      | missing_required_parameter
                    {"messages": [{"role": "friend", "content": "x"}]}          | 400 | messages[0].role      | invalid_value
                    {"messages": [{"role": "user"}]}                            | 400 | messages[0].content   | missing_required_parameter
                    {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]} | 400 | messages[0].content[0].type | unsupported_parameter
                    {"messages": [{"role": "tool", "content": "x"}]}            | 400 | messages[0].tool_call_id | missing_required_parameter
                    """)
    void badBodiesAreRefused(String body, int status, String param, String code) throws Exception {
        first.memory().write("alice", SAID).block();
        HttpResponse<String> refused = send(FIRST, "PUT", "/memory/alice", body);
        assertThat(refused.statusCode()).as(refused.body()).isEqualTo(status);
        JsonNode error = JsonMapper.shared().readTree(refused.body()).path("error");
        assertThat(error.path("param").stringValue(null)).isEqualTo(param);
        assertThat(error.path("code").asString()).isEqualTo(code);
        assertThat(messages(first.memory(), "alice")).isEqualTo(SAID);
    }

    @Test
    void whatIsTooLargeIsRefused() throws Exception {
        String large = "{\"messages\": [{\"role\": \"user\", \"content\": \"%s\"}]}";
        HttpResponse<String> body = send(FIRST, "PUT", "/memory/alice", large.formatted("x".repeat(1 << 20)));
        assertThat(body.statusCode()).isEqualTo(413);
        HttpResponse<String> record = send(FIRST, "PUT", "/memory/alice", large.formatted("x".repeat(1_000_000)));
        assertThat(record.statusCode()).isEqualTo(400);
        assertThat(record.body()).contains("max-record-size");
        assertThat(send(FIRST, "PUT", "/memory/alice", "").statusCode()).isEqualTo(400);
        assertThat(send(FIRST, "POST", "/memory/alice", large.formatted("x")).statusCode())
                .isEqualTo(405);
    }
}
