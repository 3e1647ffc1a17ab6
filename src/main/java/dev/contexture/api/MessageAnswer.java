package dev.contexture.api;

import dev.contexture.api.MessageWire.Block;
import dev.contexture.api.MessageWire.Message;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.GenerationEvent.Completed;
import java.util.ArrayList;
import java.util.List;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A whole message, put together from its events. */
final class MessageAnswer implements MessageBlocks.Listener {
    private final MessageBlocks blocks = new MessageBlocks(this);
    private final List<Block> content = new ArrayList<>();
    private final StringBuilder text = new StringBuilder();
    private Block open = Block.text("");

    private MessageAnswer() {}

    static Mono<Message> collect(CompletionHead head, Flux<GenerationEvent> events) {
        return Mono.defer(() -> {
            MessageAnswer answer = new MessageAnswer();
            return events.doOnNext(answer.blocks::take)
                    .ofType(Completed.class)
                    .single()
                    .map(completed -> answer.message(head, completed));
        });
    }

    private Message message(CompletionHead head, Completed completed) {
        return Message.of(
                head,
                List.copyOf(content),
                blocks.stop(),
                MessageWire.Usage.of(completed.usage()),
                ContextureBody.of(completed));
    }

    @Override
    public void begun(int index, Block empty) {
        open = empty;
        text.setLength(0);
    }

    @Override
    public void grown(int index, MessageBlocks.Kind kind, String more) {
        text.append(more);
    }

    /** A call that broke off is left out: half of an object is none. */
    @Override
    public void ended(int index, boolean whole) {
        if (whole) {
            content.add(open.with(text.toString()));
        }
    }
}
