package dev.contexture.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.contexture.api.EventStream.Named;
import dev.contexture.session.responses.Response;
import dev.contexture.session.responses.ResponseEvent;
import dev.contexture.session.responses.ResponseItem;
import dev.contexture.session.responses.ResponseItem.FunctionCall;
import dev.contexture.session.responses.ResponseItem.FunctionCallOutput;
import dev.contexture.session.responses.ResponseItem.Message;
import dev.contexture.session.responses.ResponseItem.Reasoning;
import dev.contexture.session.responses.ResponseItem.Role;
import dev.contexture.session.responses.ResponseStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

/**
 * From what is heard of a response to the typed events of its stream, which are numbered. Every item of the output is opened when it begins,
 * and closed before the next or before the end is told.
 */
final class ResponseStream {
    private final List<Named> events = new ArrayList<>();
    private int sequence;
    /** Items that were opened, and of those the ones that were closed. */
    private int opened;

    private int closed;

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
                whole("response.created", ResponseWire.Body.of(started.response(), Optional.empty()));
                whole("response.in_progress", ResponseWire.Body.of(started.response(), Optional.empty()));
            }
            case ResponseEvent.Begun begun -> open(begun.index(), begun.item());
            case ResponseEvent.Text piece ->
                delta("response.output_text.delta", piece.index(), piece.itemId(), 0, piece.text(), List.of());
            case ResponseEvent.Thought piece ->
                delta("response.reasoning_text.delta", piece.index(), piece.itemId(), 0, piece.text(), null);
            case ResponseEvent.Arguments piece ->
                delta(
                        "response.function_call_arguments.delta",
                        piece.index(),
                        piece.itemId(),
                        null,
                        piece.fragment(),
                        null);
            case ResponseEvent.Done done -> close(done.index(), done.item());
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

    private void open(int index, ResponseItem item) {
        opened = index + 1;
        add(
                "response.output_item.added",
                new ItemEvent("response.output_item.added", sequence, index, ResponseWire.Item.begun(item)));
        if (!(item instanceof FunctionCall)) {
            part("response.content_part.added", index, item, "");
        }
    }

    private void close(int index, ResponseItem item) {
        closed = index + 1;
        switch (item) {
            case Message message -> {
                String text = String.join("", message.texts());
                done("response.output_text.done", index, item, text, List.of());
                part("response.content_part.done", index, item, text);
            }
            case Reasoning reasoning -> {
                done("response.reasoning_text.done", index, item, reasoning.text(), null);
                part("response.content_part.done", index, item, reasoning.text());
            }
            case FunctionCall call ->
                add(
                        "response.function_call_arguments.done",
                        new ArgumentsEvent(
                                "response.function_call_arguments.done",
                                sequence,
                                call.id(),
                                index,
                                call.name(),
                                call.arguments()));
            case FunctionCallOutput output ->
                throw new IllegalArgumentException("a model gives no output of functions");
        }
        add(
                "response.output_item.done",
                new ItemEvent("response.output_item.done", sequence, index, ResponseWire.Item.of(item)));
    }

    /** Events tell every item that the response has. */
    private void end(Response response) {
        for (int index = closed; index < response.output().size(); index++) {
            ResponseItem item = response.output().get(index);
            if (index >= opened) {
                open(index, item);
            }
            close(index, item);
        }
    }

    private void delta(
            String type,
            int index,
            String itemId,
            @Nullable Integer contentIndex,
            String text,
            @Nullable List<Object> logprobs) {
        add(type, new TextEvent(type, sequence, itemId, index, contentIndex, text, null, logprobs));
    }

    private void done(String type, int index, ResponseItem item, String text, @Nullable List<Object> logprobs) {
        add(type, new TextEvent(type, sequence, item.id(), index, 0, null, text, logprobs));
    }

    private void part(String type, int index, ResponseItem item, String text) {
        ResponseWire.Part part = item instanceof Reasoning
                ? ResponseWire.Part.reasoning(text)
                : ResponseWire.Part.of(Role.ASSISTANT, text);
        add(type, new PartEvent(type, sequence, item.id(), index, 0, part));
    }

    private void whole(String type, ResponseWire.Body response) {
        add(type, new WholeEvent(type, sequence, response));
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
     * Of text, thoughts, or arguments on their way.
     *
     * @param contentIndex absent of arguments, which have no parts
     * @param delta new text; absent at the end
     * @param text all of it; absent before the end
     * @param logprobs of text only; there are none
     */
    record TextEvent(
            @JsonProperty("type") String type,
            @JsonProperty("sequence_number") int sequenceNumber,
            @JsonProperty("item_id") String itemId,
            @JsonProperty("output_index") int outputIndex,
            @JsonProperty("content_index") @Nullable Integer contentIndex,
            @JsonProperty("delta") @Nullable String delta,
            @JsonProperty("text") @Nullable String text,
            @JsonProperty("logprobs") @Nullable List<Object> logprobs) {}

    record ArgumentsEvent(
            @JsonProperty("type") String type,
            @JsonProperty("sequence_number") int sequenceNumber,
            @JsonProperty("item_id") String itemId,
            @JsonProperty("output_index") int outputIndex,
            @JsonProperty("name") String name,
            @JsonProperty("arguments") String arguments) {}

    @JsonInclude(JsonInclude.Include.ALWAYS)
    record ErrorEvent(
            @JsonProperty("type") String type,
            @JsonProperty("sequence_number") int sequenceNumber,
            @JsonProperty("code") @Nullable String code,
            @JsonProperty("message") String message,
            @JsonProperty("param") @Nullable String param) {}
}
