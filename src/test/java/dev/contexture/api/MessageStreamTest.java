package dev.contexture.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.core.FinishReason;
import dev.contexture.core.SparsityUsage;
import dev.contexture.scheduler.ShuttingDownException;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.GenerationEvent.Begun;
import dev.contexture.session.GenerationEvent.Completed;
import dev.contexture.session.GenerationEvent.Delta;
import dev.contexture.session.GenerationEvent.Finished;
import dev.contexture.session.GenerationEvent.Part;
import dev.contexture.session.GenerationEvent.Usage;
import dev.contexture.session.dialect.AnswerPart;
import dev.contexture.session.dialect.DialectSettings;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.http.MediaType;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.web.server.MockServerWebExchange;
import org.springframework.test.web.reactive.server.WebTestClient;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.scheduler.VirtualTimeScheduler;

/** What becomes of a message's stream that breaks, waits, or is left. */
class MessageStreamTest {
    private static final Duration SOON = Duration.ofSeconds(10);
    private static final String START = "event: message_start\n";
    private static final String PING = "event: ping\ndata: {\"type\":\"ping\"}\n\n";
    private static final Completed COMPLETED = new Completed(new Usage(4, 1, 1, SparsityUsage.NONE));

    private final VirtualTimeScheduler time = VirtualTimeScheduler.create();
    private final MockServerWebExchange exchange =
            MockServerWebExchange.from(MockServerHttpRequest.post("/v1/messages"));
    private final EventStream streams =
            new EventStream(Duration.ofSeconds(15), time, new ApiErrorHandler(rejection -> {}));

    private Mono<Void> written(Flux<GenerationEvent> events) {
        return streams.writeNamed(
                exchange,
                MessageStream.events(new CompletionHead("msg_1", 0, "m", "f"), events),
                MessageStream.PING,
                problem -> MessageErrors.event(problem, "req-1"));
    }

    private String body() {
        return exchange.getResponse().getBodyAsString().blockOptional(SOON).orElseThrow();
    }

    @Test
    void anErrorOnTheWayIsAnEventOfItsOwn() {
        written(Flux.concat(
                        Flux.just(new Begun(4, 1), new Delta(0, "x", List.of())),
                        Flux.error(new IllegalStateException("secret"))))
                .block(SOON);
        assertThat(body())
                .startsWith(START)
                .endsWith("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":"
                        + "\"The server had an error while processing your request.\"},\"request_id\":\"req-1\"}\n\n");
    }

    @Test
    void nobodyTakesAnAnswerForWholeThatTheServiceCutOff() {
        written(Flux.just(
                        new Begun(4, 1),
                        new Delta(0, "x", List.of()),
                        new Finished(0, FinishReason.CANCELLED),
                        COMPLETED))
                .block(SOON);
        assertThat(body()).contains("event: error\n", "\"overloaded_error\"").doesNotContain("message_stop");
    }

    private static Stream<Finished> ends() {
        return Stream.of(
                new Finished(0, FinishReason.STOP),
                new Finished(0, FinishReason.STOP, Optional.of("\n")),
                new Finished(0, FinishReason.LENGTH));
    }

    @ParameterizedTest
    @MethodSource("ends")
    void aCallThatBrokeOffIsNoneToRun(Finished end) {
        written(Flux.just(
                        new Begun(4, 1),
                        new Part(0, new AnswerPart.CallBegin(0, "call_1", "move")),
                        new Part(0, new AnswerPart.CallArguments(0, "{\"path\": \"/home")),
                        new Part(0, new AnswerPart.CallEnd(0, false)),
                        end,
                        COMPLETED))
                .block(SOON);
        if (end.reason() == FinishReason.LENGTH) {
            assertThat(body()).contains("\"stop_reason\":\"max_tokens\"", "message_stop");
        } else if (end.stopSequence().isPresent()) {
            assertThat(body()).contains("\"stop_reason\":\"stop_sequence\"", "message_stop");
        } else {
            assertThat(body()).contains("event: error\n").doesNotContain("message_delta", "message_stop");
        }
    }

    @Test
    void anEarlyErrorIsNoStream() {
        assertThatThrownBy(
                        () -> written(Flux.error(new ShuttingDownException())).block(SOON))
                .isInstanceOf(ShuttingDownException.class);
        assertThat(exchange.getResponse().isCommitted()).isFalse();
    }

    /** While the prompt is computed, too; an error behind a ping has no status any more. */
    @Test
    void pingsKeepTheConnection() {
        Sinks.Many<GenerationEvent> events = Sinks.many().unicast().onBackpressureBuffer();
        StringBuilder sent = new StringBuilder();
        exchange.getResponse()
                .setWriteHandler(flux -> flux.doOnNext(buffer -> sent.append(buffer.toString(StandardCharsets.UTF_8)))
                        .then());
        written(events.asFlux()).subscribe();
        time.advanceTimeBy(Duration.ofSeconds(31));
        assertThat(sent).hasToString(PING + PING);
        events.tryEmitError(new IllegalStateException("broken")).orThrow();
        assertThat(sent.toString()).startsWith(PING + PING + "event: error\n").contains("\"api_error\"");
    }

    @Test
    void whoLeavesCancels() throws InterruptedException {
        try (ScriptedChat chat = new ScriptedChat("qwen3", DialectSettings.AUTO)) {
            chat.generator.willGoOnBehind("Hm.");
            WebTestClient.bindToServer()
                    .baseUrl(chat.url())
                    .build()
                    .post()
                    .uri("/messages")
                    .contentType(MediaType.APPLICATION_JSON)
                    .bodyValue(ScriptedChat.ask("\"max_tokens\": 50", "\"stream\": true"))
                    .exchange()
                    .expectStatus()
                    .isOk()
                    .returnResult(String.class)
                    .getResponseBody()
                    .take(2)
                    .blockLast(SOON);
            for (int i = 0; i < 100 && chat.generator.cancels() == 0; i++) {
                Thread.sleep(50);
            }
            assertThat(chat.generator.cancels()).isEqualTo(1);
        }
    }
}
