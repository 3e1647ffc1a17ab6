package dev.contexture.provider.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.core.SamplingParams;
import dev.contexture.core.SparsityOverrides;
import dev.contexture.provider.ChatCall;
import dev.contexture.provider.ContextureException;
import dev.contexture.provider.ContextureException.Kind;
import dev.contexture.provider.ContextureMemory;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.GenerationRequest;
import dev.contexture.session.Prompt;
import dev.contexture.session.SessionMessage;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;

/** A service that refuses, breaks off, falls silent, or is none of ours. */
class UnwillingServiceTest {
    private static final String MODELS =
            "{\"data\": [{\"id\": \"m\", \"max_model_len\": 9, \"contexture\": {\"sparsity\": {}}}]}";
    private static final String FIRST = "data: {\"choices\": [{\"delta\": {\"content\": \"Hi\"}}]}\n\n";
    private static final String WHOLE = FIRST
            + "data: {\"choices\": [{\"delta\": {}, \"finish_reason\": \"stop\"}]}\n\n"
            + "data: {\"choices\": [], \"usage\": {\"prompt_tokens\": 3, \"completion_tokens\": 1}}\n\n"
            + "data: [DONE]\n\n";

    /** What the service does with one request. */
    private interface Behaviour {
        Mono<Void> answer(HttpServerResponse response);
    }

    private final Queue<Behaviour> behaviours = new ConcurrentLinkedQueue<>();
    private final Queue<String> keys = new ConcurrentLinkedQueue<>();
    private final AtomicInteger requests = new AtomicInteger();
    private final DisposableServer server = HttpServer.create()
            .host("localhost")
            .port(0)
            .route(routes -> routes.get("/v1/models", (request, response) -> response.sendString(Mono.just(MODELS)))
                    .post("/v1/chat/completions", this::answer)
                    .get("/v1/memory/alice", this::answer)
                    .put("/v1/memory/alice", this::answer)
                    .delete("/v1/memory/alice", this::answer))
            .bindNow();
    private final List<RemoteContexture> opened = new ArrayList<>();

    private Mono<Void> answer(HttpServerRequest request, HttpServerResponse response) {
        requests.incrementAndGet();
        keys.add(String.valueOf(request.requestHeaders().get("Authorization")));
        return Objects.requireNonNull(behaviours.remove()).answer(response);
    }

    @AfterEach
    void close() {
        opened.forEach(RemoteContexture::close);
        server.disposeNow();
    }

    private static Behaviour text(String text) {
        return response -> response.sendString(Mono.just(text)).then();
    }

    private static Behaviour status(int status, String retryAfter, String body) {
        return response -> {
            if (!retryAfter.isEmpty()) {
                response.header("Retry-After", retryAfter);
            }
            return response.status(status).sendString(Mono.just(body)).then();
        };
    }

    private static String error(String type, String code) {
        return "{\"error\": {\"message\": \"no\", \"type\": \"" + type + "\", \"param\": null, \"code\": \"" + code
                + "\"}}";
    }

    private RemoteContexture open(int retries) {
        RemoteContexture remote = new RemoteContexture(
                new RemoteSettings(
                        URI.create("http://localhost:" + server.port() + "/v1/"),
                        "key",
                        Duration.ofSeconds(5),
                        Duration.ofSeconds(5),
                        Duration.ofMillis(400),
                        new RetryPolicy(retries, Duration.ofMillis(10), Duration.ofSeconds(2))),
                () -> 0.5);
        opened.add(remote);
        return remote;
    }

    private static ChatCall call(Optional<ChatCall.Turn> session) {
        return new ChatCall(
                "x",
                new GenerationRequest(
                        new Prompt.Chat(List.of(Map.of("role", "user", "content", "Hi")), Map.of()),
                        OptionalInt.empty(),
                        List.of(),
                        1,
                        SamplingParams.GREEDY,
                        "",
                        "",
                        SparsityOverrides.NONE),
                session);
    }

    private List<GenerationEvent> ask(int retries) {
        return open(retries)
                .chat()
                .chat(call(Optional.empty()))
                .collectList()
                .blockOptional(Duration.ofSeconds(20))
                .orElseThrow();
    }

    private ContextureException failure(int retries, Optional<ChatCall.Turn> session) {
        return open(retries)
                .chat()
                .chat(call(session))
                .then()
                .materialize()
                .mapNotNull(signal -> (ContextureException) signal.getThrowable())
                .blockOptional(Duration.ofSeconds(20))
                .orElseThrow();
    }

    @Test
    void refusalsThatPassAreWaitedOut() {
        behaviours.add(status(503, "", error("service_unavailable_error", "shutting_down")));
        behaviours.add(status(429, "1", error("rate_limit_error", "server_is_overloaded")));
        behaviours.add(text(WHOLE));
        long begin = System.nanoTime();
        assertThat(ask(2)).hasSize(3);
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThan(Duration.ofSeconds(1));
        assertThat(keys).containsOnly("Bearer key").hasSize(3);
    }

    @Test
    void theBoundOfRetriesHolds() {
        for (int i = 0; i < 3; i++) {
            behaviours.add(status(503, "", error("service_unavailable_error", "shutting_down")));
        }
        assertThat(failure(2, Optional.empty()).kind()).isEqualTo(Kind.UNAVAILABLE);
        assertThat(requests).hasValue(3);
    }

    /** Longer than the policy would wait: the caller learns it at once. */
    @Test
    void longWaitsAreTheCallers() {
        behaviours.add(status(429, "60", error("rate_limit_error", "server_is_overloaded")));
        ContextureException full = failure(2, Optional.empty());
        assertThat(full.retryAfter()).contains(Duration.ofSeconds(60));
        assertThat(requests).hasValue(1);
    }

    @ParameterizedTest
    @CsvSource({
        "400, invalid_request_error, invalid_value, INVALID_REQUEST",
        "400, invalid_request_error, context_length_exceeded, CONTEXT_LENGTH",
        "401, invalid_request_error, invalid_api_key, AUTHENTICATION",
        "403, invalid_request_error, x, AUTHENTICATION",
        "404, invalid_request_error, model_not_found, MODEL_NOT_FOUND",
        "404, invalid_request_error, session_not_found, SESSION_NOT_FOUND",
        "404, invalid_request_error, x, INVALID_REQUEST",
        "408, x, x, TIMEOUT",
        "409, invalid_request_error, session_busy, SESSION_BUSY",
        "413, invalid_request_error, request_too_large, INVALID_REQUEST",
        "500, server_error, x, INTERNAL",
        "504, x, x, TIMEOUT"
    })
    void otherRefusalsStand(int status, String type, String code, Kind kind) {
        behaviours.add(status(status, "", error(type, code)));
        ContextureException failure = failure(5, Optional.empty());
        assertThat(failure.kind()).isEqualTo(kind);
        assertThat(failure).hasMessage("no");
        assertThat(requests).hasValue(1);
    }

    @Test
    void whatOthersAnswerIsSaidSo() {
        behaviours.add(status(404, "", "<html>" + "x".repeat(100_000)));
        assertThat(failure(0, Optional.empty()))
                .hasMessageContaining("404", "base-url", "<html>")
                .extracting(e -> String.valueOf(e.getMessage()).length())
                .satisfies(length -> assertThat(length).isLessThan(400));
        behaviours.add(text("data: <html>\n\n"));
        assertThat(failure(0, Optional.empty()).kind()).isEqualTo(Kind.INTERNAL);
        behaviours.add(text("<html>"));
        assertThat(failure(0, Optional.empty()).kind()).isEqualTo(Kind.DISCONNECTED);
    }

    /** Before the first token it is sent again, unless a session may have moved on. */
    @Test
    void brokenStreams() {
        behaviours.add(text(": ping\n\n"));
        behaviours.add(text(WHOLE));
        assertThat(ask(1)).hasSize(3);
        behaviours.add(text(": ping\n\n"));
        assertThat(failure(5, Optional.of(ChatCall.Turn.of("ses_1"))).kind()).isEqualTo(Kind.DISCONNECTED);
        behaviours.add(text(WHOLE.substring(0, WHOLE.indexOf("data: [DONE]"))));
        assertThat(failure(5, Optional.empty()).kind()).isEqualTo(Kind.DISCONNECTED);
        behaviours.add(text(FIRST + "data: " + error("service_unavailable_error", "shutting_down") + "\n\n"));
        assertThat(failure(5, Optional.empty()).kind()).isEqualTo(Kind.UNAVAILABLE);
        assertThat(requests).hasValue(5);
    }

    /** As from a gateway that leaves usage out. */
    @Test
    void whatLacksItsEndIsNoAnswer() {
        behaviours.add(text(FIRST + "data: [DONE]\n\n"));
        assertThat(failure(5, Optional.empty()).kind()).isEqualTo(Kind.DISCONNECTED);
        behaviours.add(text(
                FIRST + "data: {\"choices\": [{\"delta\": {}, \"finish_reason\": \"stop\"}]}\n\ndata: [DONE]\n\n"));
        assertThat(failure(5, Optional.empty()).kind()).isEqualTo(Kind.DISCONNECTED);
        assertThat(requests).hasValue(2);
    }

    /** A gateway says so where the service may have done it all. */
    @Test
    void aTurnIsNotSentAgainBehindABadGateway() {
        behaviours.add(status(502, "", "<html>"));
        assertThat(failure(5, Optional.of(ChatCall.Turn.of("ses_1"))).kind()).isEqualTo(Kind.DISCONNECTED);
        assertThat(requests).hasValue(1);
        behaviours.add(status(502, "", "<html>"));
        behaviours.add(text(WHOLE));
        assertThat(ask(1)).hasSize(3);
    }

    /** Whatever was done of it may be done again. */
    @Test
    void memoryIsAskedAgain() {
        ContextureMemory memory = open(2).memory();
        for (Mono<?> call : List.of(
                memory.messages("alice"),
                memory.write("alice", List.of(SessionMessage.of("user", "Hi"))),
                memory.delete("alice"))) {
            requests.set(0);
            behaviours.add(status(502, "", "<html>"));
            behaviours.add(status(503, "", error("service_unavailable_error", "session_store_unavailable")));
            behaviours.add(text("{\"messages\": []}"));
            call.then().block(Duration.ofSeconds(20));
            assertThat(requests).hasValue(3);
        }
        assertThat(keys).containsOnly("Bearer key");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "<html>",
                "{}",
                "{\"messages\": [{}]}",
                "{\"messages\": [7]}",
                "{\"messages\": [{\"role\": \"assistant\", \"tool_calls\": [{}]}]}",
                "{\"messages\": [{\"role\": \"assistant\", \"tool_calls\": [{\"function\": {\"arguments\": \"{\"}}]}]}"
            })
    void otherMemoriesAreRefused(String answer) {
        behaviours.add(text(answer));
        assertThatThrownBy(() -> open(0).memory().messages("alice").block(Duration.ofSeconds(20)))
                .isInstanceOfSatisfying(ContextureException.class, e -> {
                    assertThat(e.kind()).isEqualTo(Kind.INTERNAL);
                    assertThat(e).hasMessageContaining("is not as Contexture answers");
                });
    }

    @Test
    void keysAreNotShown() {
        assertThat(RemoteSettings.of("http://localhost", " key\n").apiKey()).isEqualTo("key");
        assertThatThrownBy(() -> RemoteSettings.of("http://localhost", "se\ncret"))
                .hasMessageContaining("api-key must be of visible ASCII characters")
                .message()
                .doesNotContain("cret");
    }

    @Test
    void silenceEnds() {
        behaviours.add(response -> response.sse()
                .sendString(Flux.concat(Mono.just(FIRST), Mono.never()))
                .then());
        assertThat(failure(5, Optional.empty()).kind()).isEqualTo(Kind.TIMEOUT);
        behaviours.add(response -> Mono.never());
        assertThat(failure(5, Optional.empty()).kind()).isEqualTo(Kind.TIMEOUT);
        assertThat(requests).hasValue(2);
    }

    @Test
    void pingsAreNoSilence() {
        behaviours.add(response -> response.sse()
                .sendString(Flux.concat(
                        Flux.interval(Duration.ofMillis(150)).take(5).map(i -> ": ping\n\n"), Mono.just(WHOLE)))
                .then());
        assertThat(ask(0)).hasSize(3);
    }

    @Test
    void nobodyThere() {
        server.disposeNow();
        ContextureException failure = failure(1, Optional.empty());
        assertThat(failure.kind()).isEqualTo(Kind.UNREACHABLE);
        assertThat(failure).hasMessageContaining("localhost");
    }

    @Test
    void eventsInAllPieces() {
        String stream = ": ping\r\n\r\ndata: {\"ö\": 1}\n\nevent: x\ndata:two\r\n\n";
        byte[] bytes = stream.getBytes(StandardCharsets.UTF_8);
        for (int size = 1; size <= bytes.length; size++) {
            EventDecoder decoder = new EventDecoder();
            List<String> data = new ArrayList<>();
            for (int at = 0; at < bytes.length; at += size) {
                data.addAll(decoder.take(List.of(ByteBuffer.wrap(bytes, at, Math.min(size, bytes.length - at)))));
            }
            assertThat(data).containsExactly("{\"ö\": 1}", "two");
        }
    }

    @Test
    void settingsRefuseNonsense() {
        assertThatThrownBy(() -> RemoteSettings.of("localhost:8080", "")).hasMessageContaining("base-url", "localhost");
        assertThatThrownBy(() -> new RetryPolicy(11, Duration.ofMillis(1), Duration.ofMillis(1)))
                .hasMessageContaining("0 to 10 but is 11");
        assertThat(RemoteSettings.of("http://x/v1", "secret")).asString().doesNotContain("secret");
    }
}
