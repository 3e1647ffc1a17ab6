package dev.contexture.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.contexture.api.EventStream.Named;
import dev.contexture.session.responses.Response;
import dev.contexture.session.responses.ResponseEvent;
import dev.contexture.session.responses.ResponseItem.Role;
import dev.contexture.session.responses.ResponseStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

/**
 * From what is heard of a response to the typed events of its stream, which are numbered. The one message of the output is opened by its
 * first text, and closed before the end is told.
 */
final class ResponseStream {
    private final List<Named> events = new ArrayList<>();
    private final StringBuilder text = new StringBuilder();
    private int sequence;
    private String messageId = "";
    private boolean opened;

    /**
     * @param problems says what an error means to the caller
     */
    static Flux<Named> events(Flux<ResponseEvent> heard, Function<Throwable, Problem> problems) {
        return Flux.defer(() -> {
            ResponseStream stream = new ResponseStream();
            return heard.concatMapIterable(stream::next)
                    // Nothing is told before the start, so that an early error gets a status of its own.
                    .onErrorResume(error ->
                            stream.sequence == 0 ? Flux.error(error) : Flux.just(stream.error(problems.apply(error))));
        });
    }

    private List<Named> next(ResponseEvent event) {
        events.clear();
        switch (event) {
            case ResponseEvent.Started started -> {
                messageId = started.messageId();
                whole("response.created", ResponseWire.Body.of(started.response(), Optional.empty()));
                whole("response.in_progress", ResponseWire.Body.of(started.response(), Optional.empty()));
            }
            case ResponseEvent.Text piece -> {
                open();
                text.append(piece.text());
                add(
                        "response.output_text.delta",
                        new TextEvent(
                                "response.output_text.delta",
                                sequence,
                                messageId,
                                0,
                                0,
                                piece.text(),
                                null,
                                List.of()));
            }
            case ResponseEvent.Ended ended -> {
                end(ended.response());
                whole(name(ended.response().status()), ResponseWire.Body.of(ended.response(), ended.completed()));
            }
            case ResponseEvent.Failed failed -> {
                end(failed.response());
                whole("response.failed", ResponseWire.Body.of(failed.response(), Optional.empty()));
            }
        }
        return List.copyOf(events);
    }

    /** One that was cancelled is told as incomplete: there is no name of its own for it. */
    private static String name(ResponseStatus status) {
        return status == ResponseStatus.COMPLETED ? "response.completed" : "response.incomplete";
    }

    private void open() {
        if (opened) {
            return;
        }
        opened = true;
        item(
                "response.output_item.added",
                ResponseWire.Item.message(messageId, "in_progress", Role.ASSISTANT, List.of()));
        part("response.content_part.added", "");
    }

    /** Events tell every item that the response has. */
    private void end(Response response) {
        if (!response.output().isEmpty()) {
            open();
        }
        if (opened) {
            add(
                    "response.output_text.done",
                    new TextEvent(
                            "response.output_text.done", sequence, messageId, 0, 0, null, text.toString(), List.of()));
            part("response.content_part.done", text.toString());
            item(
                    "response.output_item.done",
                    ResponseWire.Item.of(response.output().getFirst()));
        }
    }

    private void whole(String type, ResponseWire.Body response) {
        add(type, new WholeEvent(type, sequence, response));
    }

    private void item(String type, ResponseWire.Item item) {
        add(type, new ItemEvent(type, sequence, 0, item));
    }

    private void part(String type, String partText) {
        add(type, new PartEvent(type, sequence, messageId, 0, 0, ResponseWire.Part.of(Role.ASSISTANT, partText)));
    }

    private void add(String type, Object body) {
        events.add(new Named(type, body));
        sequence++;
    }

    private Named error(Problem problem) {
        ErrorBody.Detail detail = problem.body().error();
        return new Named("error", new ErrorEvent("error", sequence++, detail.code(), detail.message(), detail.param()));
    }

    /** The response as it stands. */
    record WholeEvent(
            @JsonProperty("type") String type,
            @JsonProperty("sequence_number") int sequenceNumber,
            @JsonProperty("response") ResponseWire.Body response) {}

    record ItemEvent(
            @JsonProperty("type") String type,
            @JsonProperty("sequence_number") int sequenceNumber,
            @JsonProperty("output_index") int outputIndex,
            @JsonProperty("item") ResponseWire.Item item) {}

    record PartEvent(
            @JsonProperty("type") String type,
            @JsonProperty("sequence_number") int sequenceNumber,
            @JsonProperty("item_id") String itemId,
            @JsonProperty("output_index") int outputIndex,
            @JsonProperty("content_index") int contentIndex,
            @JsonProperty("part") ResponseWire.Part part) {}

    /**
     * @param delta new text; absent at the end
     * @param text all of it; absent before the end
     */
    record TextEvent(
            @JsonProperty("type") String type,
            @JsonProperty("sequence_number") int sequenceNumber,
            @JsonProperty("item_id") String itemId,
            @JsonProperty("output_index") int outputIndex,
            @JsonProperty("content_index") int contentIndex,
            @JsonProperty("delta") @Nullable String delta,
            @JsonProperty("text") @Nullable String text,
            @JsonProperty("logprobs") List<Object> logprobs) {}

    @JsonInclude(JsonInclude.Include.ALWAYS)
    record ErrorEvent(
            @JsonProperty("type") String type,
            @JsonProperty("sequence_number") int sequenceNumber,
            @JsonProperty("code") @Nullable String code,
            @JsonProperty("message") String message,
            @JsonProperty("param") @Nullable String param) {}
}
