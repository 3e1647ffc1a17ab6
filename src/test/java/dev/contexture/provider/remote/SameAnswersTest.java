package dev.contexture.provider.remote;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.api.ScriptedChat;
import dev.contexture.constrain.ConstraintSpec;
import dev.contexture.core.SamplingParams;
import dev.contexture.core.SparsityMode;
import dev.contexture.core.SparsityOverrides;
import dev.contexture.provider.Asked;
import dev.contexture.provider.ChatCall;
import dev.contexture.provider.ContextureClient;
import dev.contexture.provider.ContextureException;
import dev.contexture.provider.ContextureException.Kind;
import dev.contexture.provider.EmbeddedClient;
import dev.contexture.provider.SingleAnswer;
import dev.contexture.provider.TextEmbeddings;
import dev.contexture.scheduler.QueueFullException;
import dev.contexture.scheduler.ShuttingDownException;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.GenerationRequest;
import dev.contexture.session.Prompt;
import dev.contexture.session.Session;
import dev.contexture.session.Sessions;
import dev.contexture.session.SpokenAnswer;
import dev.contexture.session.dialect.DialectSettings;
import dev.contexture.session.dialect.ToolChoice;
import dev.contexture.session.dialect.ToolDefinition;
import dev.contexture.session.dialect.ToolUse;
import dev.contexture.testing.LetterEmbeddings;
import dev.contexture.testing.ScriptedGenerator;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;

/** The engine of this process and the same over HTTP, through the real routes: nothing differs but the way. */
class SameAnswersTest {
    private static final String CALL =
            "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Turku\", \"days\": 2}}\n</tool_call>";
    private static final ToolDefinition TOOL = ToolDefinition.of(
            "get_weather",
            "Weather now",
            Map.of(
                    "type",
                    "object",
                    "properties",
                    // Forced calls have their schema's order.
                    new TreeMap<>(Map.of("city", Map.of("type", "string"), "days", Map.of("type", "integer"))),
                    "required",
                    List.of("city", "days")));
    private static final Map<String, Object> QUESTION = Map.of("role", "user", "content", "How is it in Åbo?");

    private static ScriptedChat server;
    private static RemoteContexture remote;
    private static List<ContextureClient> both;

    @BeforeAll
    static void start() {
        server = new ScriptedChat("qwen3", DialectSettings.AUTO);
        remote = new RemoteContexture(settings(server.url(), 0), () -> 0);
        both = List.of(new EmbeddedClient(server.scripted().service(), Optional.of(server.sessions())), remote.chat());
    }

    @AfterAll
    static void stop() {
        remote.close();
        server.close();
    }

    @BeforeEach
    void forget() {
        generator().forget();
    }

    static RemoteSettings settings(String url, int retries) {
        return new RemoteSettings(
                URI.create(url),
                "",
                Duration.ofSeconds(5),
                Duration.ofSeconds(10),
                Duration.ofSeconds(10),
                new RetryPolicy(retries, Duration.ofMillis(10), Duration.ofSeconds(2)));
    }

    private static ScriptedGenerator generator() {
        return server.scripted().generator();
    }

    private static GenerationRequest request(List<Map<String, Object>> messages, ToolUse tools) {
        return new GenerationRequest(
                new Prompt.Chat(messages, tools, Map.of()),
                OptionalInt.empty(),
                List.of(),
                1,
                SamplingParams.GREEDY,
                "",
                "",
                SparsityOverrides.NONE);
    }

    private static SingleAnswer ask(ContextureClient client, GenerationRequest request) {
        return Asked.of(client, "scripted", id -> new ChatCall(id, request, Optional.empty()))
                .flatMap(Asked::whole)
                .blockOptional(Duration.ofSeconds(20))
                .orElseThrow();
    }

    /** What is compared: all that an adapter can see. */
    private static List<Object> seen(SingleAnswer answer) {
        return List.of(
                answer.model(),
                answer.text(),
                answer.spoken().reasoning(),
                answer.spoken().calls().stream()
                        .map(call -> call.name() + call.arguments())
                        .toList(),
                answer.reason(),
                answer.usage());
    }

    private static List<Object> same(String text, GenerationRequest request) {
        List<List<Object>> seen = both.stream()
                .map(client -> {
                    generator().willAnswer(text, 7);
                    List<Object> answer = seen(ask(client, request));
                    return with(answer, generator().lastPrompt(), settingsOfLast());
                })
                .toList();
        assertThat(seen.get(1)).isEqualTo(seen.get(0));
        return seen.get(1);
    }

    private static List<Object> settingsOfLast() {
        var last = generator().lastRequest();
        return List.of(
                last.maxTokens(), last.sampling().toString(), last.constraint().isPresent());
    }

    private static List<Object> with(List<Object> list, Object... more) {
        return Stream.concat(list.stream(), Stream.of(more)).toList();
    }

    private static ContextureException failure(ContextureClient client, Supplier<ChatCall> call) {
        return client.model()
                .flatMapMany(model -> Flux.defer(() -> client.chat(call.get())))
                .then()
                .materialize()
                .mapNotNull(signal -> (ContextureException) signal.getThrowable())
                .blockOptional(Duration.ofSeconds(20))
                .orElseThrow();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Grüße, 世界! 🌊\n\n  data: [DONE]\r\n\"quoted\\\" \u0000 \u2028 end",
                "",
                "<think>\nHm.\n</think>\n\nYes.",
                "<think>\nHm.\n</think>\n\n" + CALL + "\n" + CALL,
                "Let me see.\n" + CALL,
                "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\""
            })
    void textThoughtsAndCallsAreTheSame(String text) {
        same(text, request(List.of(QUESTION), ToolUse.auto(List.of(TOOL))));
    }

    @Test
    void whatTheModelReadsIsTheSame() {
        Map<String, Object> answer = SpokenAnswer.message(
                "",
                "Hm.",
                List.of(new SpokenAnswer.Call("call_1", "get_weather", "{\"city\": \"Turku\", \"days\": 1.50}")));
        Map<String, Object> result = Map.of("role", "tool", "content", "rain", "tool_call_id", "call_1");
        List<Object> seen = same(
                "It rains.",
                request(
                        List.of(Map.of("role", "system", "content", "Be brief."), QUESTION, answer, result),
                        ToolUse.auto(List.of(TOOL))));
        assertThat(String.valueOf(seen.get(6))).contains("Be brief.", "\"city\": \"Turku\"", "rain", "Hm.");
    }

    @Test
    void forcedCallsAreTheSame() {
        for (ToolChoice choice : List.of(ToolChoice.REQUIRED, new ToolChoice.Named("get_weather"))) {
            List<Object> seen = same(CALL, request(List.of(QUESTION), new ToolUse(List.of(TOOL), choice, false)));
            assertThat(String.valueOf(seen.get(3))).contains("get_weather");
        }
        same("No.", request(List.of(QUESTION), new ToolUse(List.of(TOOL), ToolChoice.NONE, true)));
    }

    @Test
    void everySettingArrives() {
        GenerationRequest request = new GenerationRequest(
                new Prompt.Chat(List.of(QUESTION), ToolUse.NONE, Map.of("enable_thinking", false)),
                OptionalInt.of(5),
                List.of("stop here"),
                1,
                new SamplingParams(0.7f, 40, 0.9f, 0.05f, 1.1f, 0.3f, -0.2f, Map.of(65, 2.5f), 42L, false, 0),
                "",
                "salt",
                new SparsityOverrides(SparsityMode.DENSE, null, null, null));
        List<Object> seen = same("Hello, world", request);
        assertThat(seen.get(1)).isEqualTo("Hello");
        assertThat(seen.get(4)).hasToString("LENGTH");
        assertThat(String.valueOf(seen.get(7))).contains("0.05", "42", "65=2.5");
        assertThat(String.valueOf(seen.get(6))).contains("<think>\n\n</think>");
    }

    @Test
    void formatsAreTheSame() {
        GenerationRequest free = request(List.of(QUESTION), ToolUse.NONE);
        same("{\"a\": 1}", free.constrained(new ConstraintSpec.AnyObject()));
        same("7", free.constrained(new ConstraintSpec.Schema("{\"const\": 7}")));
    }

    @Test
    void usageIsComplete() {
        generator().willAnswer("<think>\nHm.\n</think>\n\nYes.", 9);
        GenerationEvent.Usage usage =
                ask(remote.chat(), request(List.of(QUESTION), ToolUse.NONE)).usage();
        assertThat(usage.cachedTokens()).isEqualTo(9);
        assertThat(usage.promptTokens()).isGreaterThan(20);
        assertThat(usage.completionTokens()).isEqualTo("<think>\nHm.\n</think>\n\nYes.".length());
        assertThat(usage.reasoningTokens()).isBetween(3, usage.completionTokens() - 1);
    }

    @Test
    void turnsOfSessionsAreTheSame() {
        for (ContextureClient client : both) {
            Session session = Objects.requireNonNull(server.sessions()
                    .sessions()
                    .create(
                            client == remote.chat() ? "local" : "embedded",
                            new Sessions.Asked("scripted", Optional.empty(), Map.of(), Optional.empty()))
                    .block());
            GenerationRequest request = new GenerationRequest(
                    new Prompt.Chat(List.of(QUESTION), Map.of()),
                    OptionalInt.empty(),
                    List.of(),
                    1,
                    SamplingParams.GREEDY,
                    "embedded",
                    "",
                    SparsityOverrides.NONE);
            generator().willAnswer("Fine.");
            SingleAnswer answer = Asked.of(
                            client, null, id -> new ChatCall(id, request, Optional.of(ChatCall.Turn.of(session.id()))))
                    .flatMap(Asked::whole)
                    .blockOptional()
                    .orElseThrow();
            assertThat(answer.turn()).hasValueSatisfying(turn -> {
                assertThat(turn.session()).isEqualTo(session.id());
                assertThat(turn.turn()).isEqualTo(1);
                assertThat(turn.committed()).isTrue();
            });
            assertThat(failure(
                                    client,
                                    () -> new ChatCall(
                                            "x",
                                            request,
                                            Optional.of(ChatCall.Turn.of("ses_000000000000000000000000"))))
                            .kind())
                    .isEqualTo(Kind.SESSION_NOT_FOUND);
        }
    }

    @Test
    void failuresAreOfTheSameKind() {
        GenerationRequest free = request(List.of(QUESTION), ToolUse.NONE);
        for (ContextureClient client : both) {
            generator().willRefuse(new QueueFullException("100 requests wait", Duration.ofSeconds(3)));
            ContextureException full = failure(client, () -> new ChatCall("x", free, Optional.empty()));
            assertThat(full.kind()).isEqualTo(Kind.RATE_LIMITED);
            assertThat(full).hasMessage("100 requests wait");
            assertThat(full.retryAfter()).contains(Duration.ofSeconds(3));
            generator().willRefuse(new ShuttingDownException());
            assertThat(failure(client, () -> new ChatCall("x", free, Optional.empty()))
                            .kind())
                    .isEqualTo(Kind.UNAVAILABLE);
            generator().willRefuse(new IllegalStateException("a fault"));
            assertThat(failure(client, () -> new ChatCall("x", free, Optional.empty()))
                            .kind())
                    .isEqualTo(Kind.INTERNAL);
            ContextureException tooLong = failure(
                    client,
                    () -> new ChatCall(
                            "x",
                            request(List.of(Map.of("role", "user", "content", "x".repeat(100_001))), ToolUse.NONE),
                            Optional.empty()));
            assertThat(tooLong.kind()).isEqualTo(Kind.CONTEXT_LENGTH);
            assertThat(tooLong.param()).contains("messages");
            ContextureException schema = failure(
                    client,
                    () -> new ChatCall(
                            "x", free.constrained(new ConstraintSpec.Schema("{\"not\": {}}")), Optional.empty()));
            assertThat(schema.kind()).isEqualTo(Kind.INVALID_REQUEST);
            assertThat(schema.param()).contains("response_format.json_schema.schema");
            assertThat(schema).hasMessageContaining("#/not");
            assertThat(Asked.of(client, "other", id -> new ChatCall(id, free, Optional.empty()))
                            .then()
                            .materialize()
                            .mapNotNull(signal -> signal.getThrowable())
                            .block())
                    .isInstanceOfSatisfying(
                            ContextureException.class, e -> assertThat(e.kind()).isEqualTo(Kind.MODEL_NOT_FOUND));
        }
    }

    /** Before the first token and behind it. */
    @Test
    void cancelsReachTheEngine() throws InterruptedException {
        GenerationRequest free = request(List.of(QUESTION), ToolUse.NONE);
        for (ContextureClient client : both) {
            for (String begin : List.of("", "Once upon")) {
                int before = generator().cancels();
                generator().willGoOnBehind(begin);
                Flux<GenerationEvent> events = client.chat(new ChatCall("x", free, Optional.empty()));
                if (begin.isEmpty()) {
                    Disposable subscription = events.subscribe();
                    await(() -> generator().left() == 0);
                    subscription.dispose();
                } else {
                    assertThat(events.take(2).collectList().block(Duration.ofSeconds(10)))
                            .hasSize(2);
                }
                await(() -> generator().cancels() == before + 1);
            }
        }
    }

    private static void await(Supplier<Boolean> condition) throws InterruptedException {
        for (int i = 0; i < 500 && !condition.get(); i++) {
            Thread.sleep(10);
        }
        assertThat(condition.get()).isTrue();
    }

    @Test
    void tokensAreCountedAlike() {
        Prompt conversation = new Prompt.Chat(List.of(QUESTION), Map.of());
        Prompt text = new Prompt.Text("Åbo");
        for (ContextureClient client : both) {
            assertThat(client.countTokens(text).block()).isEqualTo(4);
            assertThat(client.countTokens(conversation).block())
                    .isEqualTo(both.getFirst().countTokens(conversation).block())
                    .isGreaterThan(30);
        }
    }

    @Test
    void vectorsAreTheSameToTheLastBit() {
        List<String> texts = IntStream.range(0, 8)
                .mapToObj(i -> "abba".repeat(i % 4) + (char) ('c' + i))
                .toList();
        assertThat(remote.embeddings().model()).isEqualTo(LetterEmbeddings.INSTANCE.model());
        for (OptionalInt dimensions : List.of(OptionalInt.empty(), OptionalInt.of(2))) {
            var here = Objects.requireNonNull(TextEmbeddings.embed(LetterEmbeddings.INSTANCE, texts, dimensions)
                    .block());
            var there = Objects.requireNonNull(
                    TextEmbeddings.embed(remote.embeddings(), texts, dimensions).block());
            assertThat(there.promptTokens()).isEqualTo(here.promptTokens());
            assertThat(there.vectors().toArray(float[][]::new))
                    .isDeepEqualTo(here.vectors().toArray(float[][]::new));
        }
        assertThat(TextEmbeddings.embed(remote.embeddings(), List.of("x".repeat(41)), OptionalInt.empty())
                        .materialize()
                        .mapNotNull(signal -> signal.getThrowable())
                        .block())
                .isInstanceOfSatisfying(
                        ContextureException.class, e -> assertThat(e.kind()).isEqualTo(Kind.CONTEXT_LENGTH));
    }
}
