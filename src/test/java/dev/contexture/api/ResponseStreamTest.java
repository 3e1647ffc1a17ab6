package dev.contexture.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.contexture.api.EventStream.Named;
import dev.contexture.session.responses.AnswerFormat;
import dev.contexture.session.responses.AskedTools;
import dev.contexture.session.responses.Response;
import dev.contexture.session.responses.ResponseError;
import dev.contexture.session.responses.ResponseEvent;
import dev.contexture.session.responses.ResponseItem;
import dev.contexture.session.responses.ResponseSettings;
import dev.contexture.session.responses.ResponseStatus;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ResponseStreamTest {
    private static final ResponseEvent STARTED =
            new ResponseEvent.Started(response(ResponseStatus.IN_PROGRESS, List.of()));

    private static ResponseItem message(String text, boolean whole) {
        return new ResponseItem.Message("msg_1", ResponseItem.Role.ASSISTANT, List.of(text), whole);
    }

    private static Response response(ResponseStatus status, List<ResponseItem> output) {
        return new Response(
                "resp_1",
                "model",
                Instant.EPOCH,
                Optional.empty(),
                status,
                status == ResponseStatus.FAILED
                        ? Optional.of(new ResponseError("server_error", "it broke"))
                        : Optional.empty(),
                new ResponseSettings(
                        Optional.empty(),
                        new AnswerFormat.Text(),
                        AskedTools.NONE,
                        Optional.empty(),
                        1,
                        1,
                        Optional.empty(),
                        Map.of(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty()),
                List.of(),
                output,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                true);
    }

    private static List<JsonNode> events(Flux<ResponseEvent> heard) {
        List<Named> events = ResponseStream.events(heard, Problem::of)
                .collectList()
                .blockOptional()
                .orElseThrow();
        List<JsonNode> bodies = events.stream()
                .map(event -> JsonMapper.shared().readTree(Json.write(event.body())))
                .toList();
        for (int i = 0; i < events.size(); i++) {
            assertThat(bodies.get(i).path("type").asString())
                    .isEqualTo(events.get(i).name());
            assertThat(bodies.get(i).path("sequence_number").asInt()).isEqualTo(i);
        }
        return bodies;
    }

    private static List<String> types(List<JsonNode> events) {
        return events.stream().map(event -> event.path("type").asString()).toList();
    }

    @Test
    void anAnswerWithoutTextHasAnEmptyMessage() {
        List<JsonNode> events = events(Flux.just(
                STARTED,
                new ResponseEvent.Ended(
                        response(ResponseStatus.COMPLETED, List.of(message("", true))), Optional.empty())));
        assertThat(types(events))
                .containsExactly(
                        "response.created",
                        "response.in_progress",
                        "response.output_item.added",
                        "response.content_part.added",
                        "response.output_text.done",
                        "response.content_part.done",
                        "response.output_item.done",
                        "response.completed");
        assertThat(events.get(2).at("/item/status").asString()).isEqualTo("in_progress");
        assertThat(events.get(2).at("/item/content").size()).isZero();
        assertThat(events.get(6).at("/item/status").asString()).isEqualTo("completed");
    }

    @Test
    void whatWasOpenedIsClosedBeforeAFailureIsTold() {
        List<JsonNode> events = events(Flux.just(
                STARTED,
                new ResponseEvent.Begun(0, message("", false)),
                new ResponseEvent.Text(0, "msg_1", "ab"),
                new ResponseEvent.Text(0, "msg_1", "cd"),
                new ResponseEvent.Failed(
                        response(ResponseStatus.FAILED, List.of(message("abcd", false))),
                        new IllegalStateException())));
        assertThat(types(events))
                .endsWith(
                        "response.output_text.delta",
                        "response.output_text.delta",
                        "response.output_text.done",
                        "response.content_part.done",
                        "response.output_item.done",
                        "response.failed");
        assertThat(events.get(6).path("text").asString()).isEqualTo("abcd");
        assertThat(events.get(8).at("/item/status").asString()).isEqualTo("incomplete");
        assertThat(events.getLast().at("/response/error/message").asString()).isEqualTo("it broke");
        List<JsonNode> early = events(Flux.just(
                STARTED,
                new ResponseEvent.Failed(response(ResponseStatus.FAILED, List.of()), new IllegalStateException())));
        assertThat(types(early)).containsExactly("response.created", "response.in_progress", "response.failed");
    }

    @Test
    void anErrorIsItsOwnBeforeTheStartAndAnEventBehindIt() {
        assertThatThrownBy(() -> events(Flux.error(new IllegalStateException("early"))))
                .hasMessage("early");
        List<JsonNode> events =
                events(Flux.concat(Flux.just(STARTED), Flux.error(InvalidRequestException.badValue("odd", "field"))));
        assertThat(types(events)).endsWith("error");
        assertThat(events.getLast().path("message").asString()).isEqualTo("odd");
        assertThat(events.getLast().path("param").asString()).isEqualTo("field");
        assertThat(events.getLast().path("code").asString()).isEqualTo("invalid_value");
    }
}
