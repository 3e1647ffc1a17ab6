package dev.contexture.api;

import dev.contexture.api.ChatWire.Chunk;
import dev.contexture.api.ChatWire.ChunkChoice;
import dev.contexture.api.ChatWire.DeltaBody;
import dev.contexture.api.ChatWire.Logprobs;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.GenerationEvent.Completed;
import dev.contexture.session.GenerationEvent.Delta;
import dev.contexture.session.GenerationEvent.Finished;
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
                .mapToObj(index -> chunk(new ChunkChoice(index, new DeltaBody("assistant", ""), null, null)));
    }

    private List<Chunk> chunk(GenerationEvent event) {
        return switch (event) {
            case Delta delta ->
                List.of(chunk(new ChunkChoice(
                        delta.choice(), new DeltaBody(null, delta.text()), Logprobs.of(delta.tokens()), null)));
            case Finished finished ->
                List.of(chunk(new ChunkChoice(
                        finished.choice(), new DeltaBody(null, null), null, FinishReasons.text(finished.reason()))));
            case Completed completed ->
                usageAsked
                        ? List.of(Chunk.of(
                                head, List.of(), UsageBody.of(completed.usage()), ContextureBody.of(completed)))
                        : List.of();
        };
    }

    private Chunk chunk(ChunkChoice choice) {
        return Chunk.of(head, List.of(choice), noUsageYet());
    }

    private @Nullable Object noUsageYet() {
        return usageAsked ? NullNode.instance : null;
    }
}
