package dev.contexture.api;

import dev.contexture.api.EventStream.Named;
import dev.contexture.api.MessageWire.Block;
import dev.contexture.api.MessageWire.Delta;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.GenerationEvent.Begun;
import dev.contexture.session.GenerationEvent.Completed;
import java.util.ArrayList;
import java.util.List;
import reactor.core.publisher.Flux;

/** From the events of a generation to those of a message's stream. One per answer. */
final class MessageStream implements MessageBlocks.Listener {
    /** Says that the connection lives. */
    static final Named PING = new Named("ping", new MessageWire.Bare("ping"));

    private final CompletionHead head;
    private final MessageBlocks blocks = new MessageBlocks(this);
    private final List<Named> events = new ArrayList<>();
    private boolean brokeOff;

    private MessageStream(CompletionHead head) {
        this.head = head;
    }

    /** The start comes with the first event, so that an early error still gets a status of its own. */
    static Flux<Named> events(CompletionHead head, Flux<GenerationEvent> generation) {
        return Flux.defer(() -> generation.concatMapIterable(new MessageStream(head)::next));
    }

    private List<Named> next(GenerationEvent event) {
        events.clear();
        if (event instanceof Begun begun) {
            add(
                    "message_start",
                    new MessageWire.MessageStart(
                            "message_start", MessageWire.Message.begun(head, MessageWire.Usage.of(begun))));
        }
        blocks.take(event);
        if (event instanceof Completed completed) {
            MessageWire.Stop stop = blocks.stop();
            if (brokeOff && !stop.saysThatItWasCut()) {
                // Clients complete what they have of a call's input, and would run it.
                throw new IllegalStateException("the model broke off a call of a tool within its input");
            }
            add(
                    "message_delta",
                    new MessageWire.MessageDelta(
                            "message_delta",
                            stop,
                            MessageWire.Usage.of(completed.usage()),
                            ContextureBody.of(completed)));
            add("message_stop", new MessageWire.Bare("message_stop"));
        }
        return List.copyOf(events);
    }

    @Override
    public void begun(int index, Block empty) {
        add("content_block_start", new MessageWire.BlockStart("content_block_start", index, empty));
        if (index == 0) {
            events.add(PING); // as Anthropic's streams have it here
        }
    }

    @Override
    public void grown(int index, MessageBlocks.Kind kind, String more) {
        Delta delta = switch (kind) {
            case THINKING -> new Delta("thinking_delta", null, more, null);
            case TEXT -> new Delta("text_delta", more, null, null);
            case TOOL_USE -> new Delta("input_json_delta", null, null, more);
        };
        add("content_block_delta", new MessageWire.BlockDelta("content_block_delta", index, delta));
    }

    @Override
    public void ended(int index, boolean whole) {
        brokeOff |= !whole;
        add("content_block_stop", new MessageWire.BlockStop("content_block_stop", index));
    }

    private void add(String name, Object body) {
        events.add(new Named(name, body));
    }
}
