package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.scheduler.SchedulerLoop;
import dev.contexture.testing.DefaultModel;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;

/** A thousand requests that are wrong in some way: each gets a 4xx in the error shape, and the service goes on. */
@ServiceTest
class MalformedRequestsIT {
    private static final int REQUESTS = 1000;
    private static final long SEED = 20_26;
    private static final List<String> WRONG_VALUES = List.of(
            "\"x\"", "-5", "1e9", "[1]", "{\"a\":1}", "true", "123456789012345678901234567890", "0.5", "\"\\u0000\"");

    /** Fields and the values that would be right for them. */
    private static final Map<String, List<String>> RIGHT = Map.ofEntries(
            Map.entry("model", List.of()),
            Map.entry("messages", List.of()),
            Map.entry("max_tokens", List.of()),
            Map.entry("temperature", List.of("0.5")),
            Map.entry("top_p", List.of("0.5")),
            Map.entry("top_logprobs", List.of()),
            Map.entry("min_p", List.of("0.5")),
            Map.entry("n", List.of()),
            Map.entry("logit_bias", List.of()),
            Map.entry("seed", List.of("-5")),
            Map.entry("stop", List.of("\"x\"", "\"\\u0000\"")),
            Map.entry("stream", List.of("true")),
            Map.entry("stream_options", List.of("{\"a\":1}")),
            Map.entry("response_format", List.of()),
            Map.entry("tools", List.of()),
            Map.entry("presence_penalty", List.of("0.5")),
            Map.entry("repetition_penalty", List.of("0.5")));

    @LocalServerPort
    private int port;

    @Autowired
    private SchedulerLoop loop;

    @Test
    void allAreRefusedClearly() throws Exception {
        Random random = new Random(SEED);
        Map<Integer, Integer> statuses = new TreeMap<>();
        List<String> wrong = new ArrayList<>();
        try (Client client = new Client(port)) {
            for (int i = 0; i < REQUESTS; i++) {
                String path = random.nextInt(8) == 0 ? "/v1/completions" : "/v1/chat/completions";
                String body = malformed(random);
                HttpResponse<String> response = client.post(path, body);
                statuses.merge(response.statusCode(), 1, Integer::sum);
                if (response.statusCode() / 100 != 4 || !hasErrorShape(response.body())) {
                    wrong.add(path + " " + body + " -> " + response.statusCode());
                }
            }
            assertThat(wrong).isEmpty();
            System.out.println(REQUESTS + " malformed requests: " + statuses);
            Idle.await(loop);
            assertThat(client.post("/v1/chat/completions", WireShapeIT.chat("\"max_tokens\":1"))
                            .statusCode())
                    .isEqualTo(200);
        }
    }

    private static String malformed(Random random) {
        return switch (random.nextInt(6)) {
            case 0 -> cut(valid(), random);
            case 1 -> garbage(random);
            case 2 -> "{\"model\":\"" + DefaultModel.ID + "\"}";
            case 3 ->
                valid().replace(
                                "\"user\"",
                                List.of("\"robot\"", "7", "null", "[]").get(random.nextInt(4)));
            default -> withWrongField(random);
        };
    }

    private static String valid() {
        return "{\"model\":\"" + DefaultModel.ID
                + "\",\"prompt\":3.5,\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}],\"max_completion_tokens\":4}";
    }

    private static String cut(String text, Random random) {
        return text.substring(0, random.nextInt(text.length()));
    }

    private static String garbage(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(60); i >= 0; i--) {
            text.append((char) (32 + random.nextInt(95)));
        }
        return text.toString();
    }

    private static String withWrongField(Random random) {
        List<String> fields = RIGHT.keySet().stream().sorted().toList();
        String field = fields.get(random.nextInt(fields.size()));
        List<String> values = WRONG_VALUES.stream()
                .filter(value -> !RIGHT.get(field).contains(value))
                .toList();
        String value = values.get(random.nextInt(values.size()));
        if (field.equals("max_tokens") && value.equals("1e9") || field.equals("n") && value.equals("1e9")) {
            value = "-1";
        }
        String without =
                valid().replaceAll("\"" + field + "\":(\"[^\"]*\"|\\[.*\\])(?=[,}])", "\"was_" + field + "\":null");
        return without.substring(0, without.length() - 1) + ",\"" + field + "\":" + value + "}";
    }

    private static boolean hasErrorShape(String body) {
        JsonNode error = Client.json(body).path("error");
        return !error.path("message").asString("").isBlank()
                && !error.path("type").asString("").isBlank()
                && error.has("param")
                && error.has("code");
    }
}
