package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.provider.ContextureClient;
import dev.contexture.provider.EmbeddedClient;
import dev.contexture.provider.remote.RemoteContexture;
import dev.contexture.provider.remote.RemoteSettings;
import dev.contexture.service.PlayedConversation.Answer;
import dev.contexture.service.PlayedConversation.Call;
import dev.contexture.service.PlayedConversation.Player;
import dev.contexture.service.PlayedConversation.Result;
import dev.contexture.service.PlayedConversation.Said;
import dev.contexture.service.PlayedConversation.Step;
import dev.contexture.session.InferenceService;
import dev.contexture.session.SessionService;
import dev.contexture.testing.SchemaJudge;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;

/** One conversation with the default model, in the service's process and over HTTP, by LangChain4j and by Spring AI, whole and streamed: eight times the same. */
@ServiceTest
class SameConversationIT {
    private static final String SCHEMA = """
            {"type": "object", "properties": {"sky": {"enum": ["clear", "clouds", "rain"]}, "degrees": {"type": "integer",
              "minimum": -50, "maximum": 50}}, "required": ["sky", "degrees"], "additionalProperties": false}""";
    private static final int FORCED = 4, IN_JSON = 6; // of the answers
    private static final Said SYSTEM = new Said("system", "You answer briefly.");

    @LocalServerPort
    private int port;

    @Autowired
    private InferenceService service;

    @Autowired
    private SessionService sessions;

    private static Said user(String text) {
        return new Said("user", text);
    }

    /** The whole conversation: each request has the answers before it. */
    private static List<Answer> play(Player player) {
        List<Answer> answers = new ArrayList<>();
        List<Object> talk = new ArrayList<>(List.of(user("Name the capital of France.")));
        answers.add(player.play(Step.greedy(talk)));

        talk.add(new Said("assistant", answers.getLast().text()));
        talk.add(user("And of Italy?"));
        answers.add(player.play(Step.greedy(talk)));

        talk.addFirst(SYSTEM);
        answers.add(player.play(Step.greedy(talk)));

        talk.add(new Said("assistant", answers.getLast().text()));
        talk.add(user("How is the weather in Rome?"));
        answers.add(player.play(Step.greedy(talk).withTool()));
        answers.add(player.play(Step.greedy(talk).withForcedTool()));

        talk.add(new Call("call_1", "{\"city\": \"Rome\"}"));
        talk.add(new Result("call_1", "20 degrees, a few clouds"));
        answers.add(player.play(Step.greedy(talk).withTool()));

        talk.add(new Said("assistant", answers.getLast().text()));
        talk.add(user("Say it in JSON."));
        answers.add(player.play(Step.seeded(talk).withSchema(SCHEMA)));
        answers.add(player.play(Step.seeded(talk).withTool().withSchema(SCHEMA)));
        answers.add(player.play(Step.seeded(talk)));
        return answers;
    }

    private RemoteContexture remote() {
        return new RemoteContexture(RemoteSettings.of("http://localhost:" + port + "/v1", ""), Math::random);
    }

    private Map<String, ContextureClient> clients(RemoteContexture remote) {
        Map<String, ContextureClient> clients = new LinkedHashMap<>();
        clients.put("embedded", new EmbeddedClient(service, Optional.of(sessions)));
        clients.put("remote", remote.chat());
        return clients;
    }

    private static Map<String, Player> players(String way, ContextureClient client) {
        Map<String, Player> players = new LinkedHashMap<>();
        players.put(way + " LangChain4j", PlayedConversation.langChain4j(client));
        players.put(way + " LangChain4j, streamed", PlayedConversation.langChain4jStreamed(client));
        players.put(way + " Spring AI", PlayedConversation.springAi(client));
        players.put(way + " Spring AI, streamed", PlayedConversation.springAiStreamed(client));
        return players;
    }

    /** Each in a session of its own, to which only what is new is sent. */
    @Test
    void turnsOfSessionsAreTheSame() {
        try (RemoteContexture remote = remote()) {
            Map<String, List<Answer>> seen = new LinkedHashMap<>();
            clients(remote)
                    .forEach((way, client) -> players(way, client).forEach((name, player) -> {
                        String session = client.newSession().blockOptional().orElseThrow();
                        List<Answer> answers = new ArrayList<>();
                        for (String question :
                                List.of("Name the capital of France.", "And of Italy?", "Say it again.")) {
                            answers.add(player.play(
                                    Step.greedy(List.of(user(question))).inSession(session)));
                        }
                        assertThat(answers.subList(1, 3))
                                .as(name)
                                .allSatisfy(answer ->
                                        assertThat(answer.cachedTokens()).isPositive());
                        seen.put(name, answers.stream().map(Answer::uncached).toList());
                    }));
            assertThat(seen).hasSize(8);
            List<Answer> expected = seen.values().iterator().next();
            assertThat(expected.getFirst().text()).contains("Paris");
            assertThat(expected.getLast().promptTokens())
                    .isGreaterThan(expected.getFirst().promptTokens());
            seen.forEach((name, answers) -> assertThat(answers).as(name).isEqualTo(expected));
        }
    }

    @Test
    void allWaysSayTheSame() {
        try (RemoteContexture remote = remote()) {
            Map<String, ContextureClient> clients = clients(remote);
            Map<String, Player> players = new LinkedHashMap<>();
            clients.forEach((way, client) -> players.putAll(players(way, client)));
            // What is computed is kept for each tenant alone: the first run of either way finds nothing in the cache,
            // the others all of its.
            List<List<Answer>> first = clients.values().stream()
                    .map(client -> play(PlayedConversation.langChain4j(client)))
                    .toList();
            requireAnswers(first.getFirst());
            List<Answer> expected = play(players.values().iterator().next());
            assertThat(first)
                    .allSatisfy(answers -> assertThat(answers.stream().map(Answer::text))
                            .containsExactlyElementsOf(
                                    expected.stream().map(Answer::text).toList()));
            assertThat(expected)
                    .allSatisfy(answer -> assertThat(answer.cachedTokens()).isPositive());
            players.forEach((name, player) -> assertThat(play(player)).as(name).isEqualTo(expected));
        }
    }

    private static void requireAnswers(List<Answer> answers) {
        assertThat(answers.getFirst().text()).contains("Paris");
        Answer called = answers.get(FORCED);
        // One call or more, of which the length may cut the last.
        assertThat(called.finish()).isIn("tool_calls", "length");
        assertThat(called.calls()).isNotEmpty().allSatisfy(call -> {
            assertThat(call).startsWith(PlayedConversation.TOOL);
            String arguments = call.substring(PlayedConversation.TOOL.length());
            assertThat(new SchemaJudge(PlayedConversation.TOOL_SCHEMA).fault(arguments))
                    .isEmpty();
        });
        assertThat(answers).allSatisfy(answer -> {
            assertThat(answer.text().isEmpty() || answer == called)
                    .isEqualTo(!answer.calls().isEmpty());
            assertThat(answer.promptTokens()).isPositive();
            assertThat(answer.completionTokens()).isPositive();
        });
        assertThat(new SchemaJudge(SCHEMA).fault(answers.get(IN_JSON).text())).isEmpty();
        assertThat(answers.stream().map(Answer::finish).distinct()).contains("stop");
    }
}
