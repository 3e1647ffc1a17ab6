package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.testing.DefaultModel;
import dev.contexture.testing.SchemaJudge;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.web.server.LocalManagementPort;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;

/** Tools with the default model, whose template knows of none. */
@ServiceTest
class ToolsIT {
    private static final int SEEDS = 8;

    /** Bounded, so that the calls of a small model end. */
    private static final Map<String, String> SCHEMAS =
            Map.of("get_weather", """
            {"type": "object", "properties": {"city": {"type": "string", "minLength": 1, "maxLength": 20},
              "unit": {"enum": ["celsius", "fahrenheit"]}}, "required": ["city", "unit"]}""", "book_table", """
            {"type": "object", "properties": {"people": {"type": "integer", "minimum": 1, "maximum": 12},
              "time": {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"},
              "guest": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 15}}, "required": ["name"]},
              "wishes": {"type": "array", "items": {"type": "string", "maxLength": 10}, "maxItems": 2}},
              "required": ["people", "time", "guest"]}""", "clock", "{\"type\": \"object\", \"properties\": {}}");

    @LocalServerPort
    private int port;

    @LocalManagementPort
    private int managementPort;

    private record Call(String name, String arguments) {}

    private record Answer(List<Call> calls, String text, String finish) {}

    private static String body(String question, String more) {
        List<String> tools = SCHEMAS.entrySet().stream()
                .map(tool -> "{\"type\": \"function\", \"function\": {\"name\": \"" + tool.getKey()
                        + "\", \"parameters\": " + tool.getValue() + "}}")
                .sorted()
                .toList();
        return "{\"model\": \"" + DefaultModel.ID + "\", " + more
                + ", \"messages\": [{\"role\": \"user\", \"content\": \"" + question + "\"}], \"tools\": ["
                + String.join(", ", tools) + "]}";
    }

    private static Answer whole(JsonNode choice) {
        List<Call> calls = new ArrayList<>();
        for (JsonNode call : choice.at("/message/tool_calls")) {
            calls.add(new Call(
                    call.at("/function/name").asString(),
                    call.at("/function/arguments").asString()));
        }
        return new Answer(
                calls,
                choice.at("/message/content").asString(""),
                choice.path("finish_reason").asString());
    }

    /** Put together as clients do it: name and id come with a call's first chunk alone. */
    private static Answer joined(List<JsonNode> chunks) {
        List<Call> calls = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        String finish = "";
        for (JsonNode chunk : chunks) {
            JsonNode choice = chunk.at("/choices/0");
            text.append(choice.at("/delta/content").asString(""));
            finish = choice.path("finish_reason").asString(finish);
            for (JsonNode call : choice.at("/delta/tool_calls")) {
                int index = call.path("index").asInt();
                String more = call.at("/function/arguments").asString("");
                if (call.has("id")) {
                    assertThat(index).isEqualTo(calls.size());
                    calls.add(new Call(call.at("/function/name").asString(), more));
                } else {
                    assertThat(call.path("function").has("name")).isFalse();
                    Call begun = calls.get(index);
                    calls.set(index, new Call(begun.name, begun.arguments + more));
                }
            }
        }
        return new Answer(calls, text.toString(), finish);
    }

    private static Answer answer(Client client, String question, String more, boolean streamed) throws Exception {
        String body = client.post("/v1/chat/completions", body(question, more + ", \"stream\": " + streamed))
                .body();
        return streamed
                ? joined(Client.events(body.lines().toList()))
                : whole(Client.json(body).at("/choices/0"));
    }

    private static void assertValid(Answer answer) {
        assertThat(answer.calls).as("%s", answer).isNotEmpty();
        for (Call call : answer.calls) {
            assertThat(SCHEMAS).containsKey(call.name);
            assertThat(Client.json(call.arguments).isObject()).isTrue();
            assertThat(new SchemaJudge(SCHEMAS.get(call.name)).fault(call.arguments))
                    .as("%s", call)
                    .isEmpty();
        }
    }

    @Test
    void requiredCallsAreValidAtTemperatureOne() throws Exception {
        Set<String> called = new HashSet<>();
        try (Client client = new Client(port)) {
            for (int seed = 0; seed < SEEDS; seed++) {
                String question = seed % 2 == 0 ? "A table for four at eight, please." : "Is it warm in Turku?";
                String one = "\"tool_choice\": \"required\", \"parallel_tool_calls\": false, \"temperature\": 1, "
                        + "\"max_tokens\": 400, \"seed\": " + seed;
                Answer whole = answer(client, question, one, false);
                assertValid(whole);
                assertThat(whole.calls).hasSize(1);
                assertThat(whole.text).isEmpty();
                assertThat(whole.finish).isEqualTo("tool_calls");
                assertThat(answer(client, question, one, true)).isEqualTo(whole);
                called.add(whole.calls.getFirst().name);
            }
        }
        assertThat(called).hasSizeGreaterThan(1);
    }

    @Test
    void severalCallsAreValidAndACutOneIsText() throws Exception {
        int several = 0;
        try (Client client = new Client(port)) {
            for (int seed = 0; seed < SEEDS / 2; seed++) {
                String many =
                        "\"tool_choice\": \"required\", \"temperature\": 1, \"max_tokens\": 300, \"seed\": " + seed;
                Answer answer = answer(client, "What time is it?", many, seed % 2 == 0);
                assertValid(answer);
                several += answer.calls.size() > 1 ? 1 : 0;
                assertThat(answer.finish).isIn("tool_calls", "length");
                if (answer.finish.equals("tool_calls")) {
                    assertThat(answer.text).isEmpty();
                }
            }
            String cut = "\"tool_choice\": \"required\", \"temperature\": 1, \"max_tokens\": 9, \"seed\": 1";
            Answer answer = answer(client, "What time is it?", cut, false);
            assertThat(answer.calls).isEmpty();
            assertThat(answer.text).startsWith("<tool_call>");
            assertThat(answer.finish).isEqualTo("length");
        }
        System.out.printf("Forced calls: %d of %d answers had several%n", several, SEEDS / 2);
    }

    @Test
    void aNamedFunctionIsCalled() throws Exception {
        try (Client client = new Client(port)) {
            for (String name : SCHEMAS.keySet()) {
                String named = "\"tool_choice\": {\"type\": \"function\", \"function\": {\"name\": \"" + name
                        + "\"}}, \"temperature\": 1, \"max_tokens\": 400, \"seed\": 5";
                Answer whole = answer(client, "Hello!", named, false);
                assertValid(whole);
                assertThat(whole.calls).extracting(Call::name).containsExactly(name);
                assertThat(whole.finish).isEqualTo("stop");
                assertThat(answer(client, "Hello!", named, true)).isEqualTo(whole);
            }
        }
        try (Client management = new Client(managementPort)) {
            assertThat(management.get("/actuator/prometheus").body())
                    .containsPattern("contexture_tool_calls_total\\{outcome=\"complete\"} [1-9]");
        }
    }

    /** The model may answer as it likes; it must be an answer. */
    @Test
    void automaticallyItAnswersInWordsOrCalls() throws Exception {
        try (Client client = new Client(port)) {
            String auto = "\"tool_choice\": \"auto\", \"temperature\": 0, \"max_tokens\": 60";
            Answer answer = answer(client, "What is the weather in Paris?", auto, false);
            assertThat(answer.text.isEmpty()).isEqualTo(!answer.calls.isEmpty());
            assertThat(answer.finish).isIn("stop", "length", "tool_calls");
        }
    }
}
