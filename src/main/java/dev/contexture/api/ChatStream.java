package dev.contexture.api;

import dev.contexture.api.ChatWire.Chunk;
import dev.contexture.api.ChatWire.ChunkChoice;
import dev.contexture.api.ChatWire.DeltaBody;
import dev.contexture.api.ChatWire.Function;
import dev.contexture.api.ChatWire.Logprobs;
import dev.contexture.api.ChatWire.ToolCall;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.GenerationEvent.Begun;
import dev.contexture.session.GenerationEvent.Completed;
import dev.contexture.session.GenerationEvent.Delta;
import dev.contexture.session.GenerationEvent.Drawn;
import dev.contexture.session.GenerationEvent.Finished;
import dev.contexture.session.GenerationEvent.Part;
import dev.contexture.session.dialect.AnswerPart;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import tools.jackson.databind.node.NullNode;

/** From the events of a generation to chat chunks. */
final class ChatStream {
    private final CompletionHead head;
    private final int choices;
    private final boolean usageAsked;

    ChatStream(CompletionHead head, int choices, boolean usageAsked) {
        this.head = head;
        this.choices = choices;
        this.usageAsked = usageAsked;
    }

    /** The role of each choice comes with the first event, so that an early error still gets a status of its own. */
    Flux<Chunk> chunks(Flux<GenerationEvent> events) {
        return events.switchOnFirst((first, all) -> {
            Flux<Chunk> rest = all.concatMapIterable(this::chunk);
            return first.hasValue() ? Flux.concat(Flux.fromStream(roles()), rest) : rest;
        });
    }

    private java.util.stream.Stream<Chunk> roles() {
        return IntStream.range(0, choices)
                .mapToObj(index -> chunk(new ChunkChoice(index, DeltaBody.opening(), null, null)));
    }

    private List<Chunk> chunk(GenerationEvent event) {
        return switch (event) {
            case Delta delta ->
                List.of(chunk(new ChunkChoice(
                        delta.choice(), DeltaBody.content(delta.text()), Logprobs.of(delta.tokens()), null)));
            case Part part -> part(part);
            case Begun none -> List.of();
            case Drawn none -> List.of();
            case Finished finished ->
                List.of(chunk(new ChunkChoice(
                        finished.choice(), DeltaBody.empty(), null, FinishReasons.text(finished.reason()))));
            case Completed completed ->
                usageAsked
                        ? List.of(Chunk.of(
                                head, List.of(), UsageBody.of(completed.usage()), ContextureBody.of(completed)))
                        : List.of();
        };
    }

    private List<Chunk> part(Part event) {
        return switch (event.part()) {
            case AnswerPart.Text text -> delta(event, DeltaBody.content(text.text()));
            case AnswerPart.Thought thought -> delta(event, DeltaBody.reasoning(thought.text()));
            case AnswerPart.CallBegin begin ->
                delta(
                        event,
                        DeltaBody.call(
                                new ToolCall(begin.index(), begin.id(), "function", new Function(begin.name(), ""))));
            case AnswerPart.CallArguments more ->
                delta(
                        event,
                        DeltaBody.call(new ToolCall(more.index(), null, null, new Function(null, more.fragment()))));
            case AnswerPart.CallEnd end -> List.of();
        };
    }

    private List<Chunk> delta(Part event, DeltaBody body) {
        return List.of(chunk(new ChunkChoice(event.choice(), body, null, null)));
    }

    private Chunk chunk(ChunkChoice choice) {
        return Chunk.of(head, List.of(choice), noUsageYet());
    }

    private @Nullable Object noUsageYet() {
        return usageAsked ? NullNode.instance : null;
    }
}
