package dev.contexture.api;

import dev.contexture.api.CompletionWire.Choice;
import dev.contexture.api.CompletionWire.Completion;
import dev.contexture.api.CompletionWire.Logprobs;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.GenerationEvent.Begun;
import dev.contexture.session.GenerationEvent.Completed;
import dev.contexture.session.GenerationEvent.Delta;
import dev.contexture.session.GenerationEvent.Drawn;
import dev.contexture.session.GenerationEvent.Finished;
import dev.contexture.session.GenerationEvent.Part;
import java.util.List;
import reactor.core.publisher.Flux;
import tools.jackson.databind.node.NullNode;

/** From the events of a generation to chunks of a text completion. One per answer: it counts characters. */
final class CompletionStream {
    private final CompletionHead head;
    private final int[] lengths;
    private final boolean usageAsked;

    CompletionStream(CompletionHead head, int choices, boolean usageAsked) {
        this.head = head;
        this.lengths = new int[choices];
        this.usageAsked = usageAsked;
    }

    Flux<Completion> chunks(Flux<GenerationEvent> events) {
        return events.concatMapIterable(this::chunk);
    }

    private List<Completion> chunk(GenerationEvent event) {
        return switch (event) {
            case Delta delta -> {
                int begin = lengths[delta.choice()];
                lengths[delta.choice()] += delta.text().length();
                yield chunk(new Choice(delta.choice(), delta.text(), Logprobs.of(delta.tokens(), begin), null));
            }
            case Part none -> List.of(); // plain text has no parts
            case Begun none -> List.of();
            case Drawn none -> List.of();
            case Finished finished ->
                chunk(new Choice(finished.choice(), "", null, FinishReasons.text(finished.reason())));
            case Completed completed ->
                usageAsked ? List.of(Completion.of(head, List.of(), UsageBody.of(completed.usage()))) : List.of();
        };
    }

    private List<Completion> chunk(Choice choice) {
        return List.of(Completion.of(head, List.of(choice), usageAsked ? NullNode.instance : null));
    }
}
