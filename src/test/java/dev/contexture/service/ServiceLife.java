package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.Application;
import dev.contexture.testing.DefaultModel;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The service from its start to its end, for tests of what outlives it. */
record ServiceLife(ConfigurableApplicationContext context, Client client, Client management) implements AutoCloseable {
    static ServiceLife start(String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "--server.port=0",
                "--management.server.port=0",
                "--contexture.data-dir=target/test-data",
                "--contexture.engine.context-length=3000",
                "--contexture.kv.device-bytes=100MB",
                "--contexture.kv.host-bytes=128MB",
                "--contexture.kv.stored-format=f16"));
        for (String argument : more) {
            String name = argument.substring(0, argument.indexOf('=') + 1);
            arguments.removeIf(usual -> usual.startsWith(name));
            arguments.add(argument);
        }
        ConfigurableApplicationContext context = Application.service().run(arguments.toArray(String[]::new));
        return new ServiceLife(
                context,
                new Client(port(context, "local.server.port")),
                new Client(port(context, "local.management.port")));
    }

    private static int port(ConfigurableApplicationContext context, String name) {
        return Integer.parseInt(context.getEnvironment().getRequiredProperty(name));
    }

    JsonNode post(String path, Map<String, ?> body) throws Exception {
        HttpResponse<String> response = send(path, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return Client.json(response.body());
    }

    HttpResponse<String> send(String path, Map<String, ?> body) throws Exception {
        return client.post(path, JsonMapper.shared().writeValueAsString(body));
    }

    String createSession() throws Exception {
        return post("/v1/sessions", Map.of("model", DefaultModel.ID)).path("id").asString();
    }

    String fork(String session) throws Exception {
        return post("/v1/sessions/" + session + "/fork", Map.of()).path("id").asString();
    }

    static Map<String, Object> turnOf(String session, String message) {
        return Map.of(
                "model",
                DefaultModel.ID,
                "session_id",
                session,
                "temperature",
                0,
                "max_tokens",
                16,
                "messages",
                List.of(Map.of("role", "user", "content", message)));
    }

    JsonNode turn(String session, String message) throws Exception {
        return post("/v1/chat/completions", turnOf(session, message));
    }

    static String text(JsonNode answer) {
        return answer.at("/choices/0/message/content").asString();
    }

    /** The sum of a metric's values over all labels that match. */
    double metric(String name) throws Exception {
        Matcher matcher = Pattern.compile("^" + name + "(?:\\{[^}]*})? (\\S+)$", Pattern.MULTILINE)
                .matcher(management.get("/actuator/prometheus").body());
        double sum = 0;
        while (matcher.find()) {
            sum += Double.parseDouble(matcher.group(1));
        }
        return sum;
    }

    @Override
    public void close() {
        client.close();
        management.close();
        context.close();
    }
}
