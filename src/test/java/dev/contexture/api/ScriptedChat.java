package dev.contexture.api;

import dev.contexture.session.SessionService;
import dev.contexture.session.dialect.CallOutcome;
import dev.contexture.session.dialect.DialectSettings;
import dev.contexture.testing.ScriptedGenerator;
import dev.contexture.testing.ScriptedService;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.springframework.http.MediaType;
import org.springframework.test.web.reactive.server.WebTestClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The routes over HTTP, with everything behind them but models: answers are given texts. */
public final class ScriptedChat implements AutoCloseable {
    final ScriptedGenerator generator;
    private final ScriptedService scripted;
    final List<CallOutcome> outcomes;
    final SessionService sessions;
    private final ServedRoutes routes;

    /**
     * @param style of the golden templates
     */
    public ScriptedChat(String style, DialectSettings settings) {
        this(style, settings, List.of());
    }

    /**
     * @param keys that requests must show one of; none: everyone is one tenant
     */
    public ScriptedChat(String style, DialectSettings settings, List<String> keys) {
        this.scripted = new ScriptedService(style, settings);
        this.generator = scripted.generator();
        this.outcomes = scripted.outcomes();
        this.routes = new ServedRoutes(scripted.service(), scripted.renderer(), keys);
        this.sessions = routes.sessions();
    }

    private WebTestClient client() {
        return WebTestClient.bindToServer().baseUrl(url()).build();
    }

    /** Of a request, with more fields as JSON. */
    static String body(String messages, String... fields) {
        return "{\"model\": \"scripted\", \"messages\": [" + messages + "]"
                + String.join("", Stream.of(fields).map(f -> ", " + f).toList()) + "}";
    }

    static String ask(String... fields) {
        return body("{\"role\": \"user\", \"content\": \"How is it in Turku?\"}", fields);
    }

    JsonNode post(String body, int status) {
        return post("/chat/completions", body, status);
    }

    JsonNode post(String path, String body, int status) {
        byte[] answer = client().post()
                .uri(path)
                .contentType(MediaType.APPLICATION_JSON)
                .bodyValue(body)
                .exchange()
                .expectStatus()
                .isEqualTo(status)
                .expectBody()
                .returnResult()
                .getResponseBody();
        return JsonMapper.shared().readTree(Objects.requireNonNull(answer));
    }

    /** The only choice of what is answered to the request when the model answers so. */
    JsonNode choice(String answer, String body) {
        generator.willAnswer(answer);
        return post(body, 200).path("choices").path(0);
    }

    /** The same service without HTTP. */
    public ScriptedService scripted() {
        return scripted;
    }

    public SessionService sessions() {
        return sessions;
    }

    public String url() {
        return routes.url();
    }

    @Override
    public void close() {
        routes.close();
    }
}
