package dev.contexture.api;

import dev.contexture.api.MessageWire.Block;
import dev.contexture.api.MessageWire.Stop;
import dev.contexture.core.FinishReason;
import dev.contexture.scheduler.ShuttingDownException;
import dev.contexture.session.GenerationEvent;
import dev.contexture.session.GenerationEvent.Begun;
import dev.contexture.session.GenerationEvent.Completed;
import dev.contexture.session.GenerationEvent.Delta;
import dev.contexture.session.GenerationEvent.Drawn;
import dev.contexture.session.GenerationEvent.Finished;
import dev.contexture.session.GenerationEvent.Part;
import dev.contexture.session.dialect.AnswerPart;
import java.util.Optional;

/**
 * Thoughts, text and calls of one answer as blocks, in the order in which they were drawn: what is of another kind than what came before
 * begins the next.
 */
final class MessageBlocks {
    enum Kind {
        THINKING,
        TEXT,
        TOOL_USE
    }

    /** Hears of blocks, one after the other. */
    interface Listener {
        /**
         * @param empty a block without what will be heard of it
         */
        void begun(int index, Block empty);

        void grown(int index, Kind kind, String more);

        /**
         * @param whole false of a call that broke off
         */
        void ended(int index, boolean whole);
    }

    private final Listener listener;
    private Optional<Kind> open = Optional.empty();
    /** Of the block that is open or comes next. */
    private int index;

    private int calls;
    private Finished end = new Finished(0, FinishReason.CANCELLED);

    MessageBlocks(Listener listener) {
        this.listener = listener;
    }

    void take(GenerationEvent event) {
        switch (event) {
            case Delta delta -> grow(Kind.TEXT, delta.text());
            case Part part -> take(part.part());
            case Finished finished -> {
                close(open.filter(kind -> kind == Kind.TOOL_USE).isEmpty());
                end = finished;
            }
            case Begun none -> {}
            case Drawn none -> {}
            case Completed none -> {}
        }
    }

    private void take(AnswerPart part) {
        switch (part) {
            case AnswerPart.Text more -> grow(Kind.TEXT, more.text());
            case AnswerPart.Thought more -> grow(Kind.THINKING, more.text());
            case AnswerPart.CallBegin begin -> begin(Kind.TOOL_USE, Block.call(begin.id(), begin.name(), "{}"));
            case AnswerPart.CallArguments more -> grow(Kind.TOOL_USE, more.fragment());
            case AnswerPart.CallEnd callEnd -> {
                calls += callEnd.whole() ? 1 : 0;
                close(callEnd.whole());
            }
        }
    }

    private void grow(Kind kind, String more) {
        if (more.isEmpty()) {
            return;
        }
        if (open.filter(kind::equals).isEmpty()) {
            begin(kind, kind == Kind.THINKING ? Block.thinking("") : Block.text(""));
        }
        listener.grown(index, kind, more);
    }

    private void begin(Kind kind, Block empty) {
        close(true);
        open = Optional.of(kind);
        listener.begun(index, empty);
    }

    private void close(boolean whole) {
        if (open.isPresent()) {
            listener.ended(index, whole);
            open = Optional.empty();
            index++;
        }
    }

    /**
     * Why the answer ended, which is over.
     *
     * @throws ShuttingDownException if the service cut it off: no client may take it for whole
     */
    Stop stop() {
        return switch (end.reason()) {
            case CANCELLED -> throw new ShuttingDownException();
            case LENGTH -> new Stop(Stop.MAX_TOKENS, null);
            case STOP, TOOL_CALLS -> ofItself();
        };
    }

    private Stop ofItself() {
        if (calls > 0) {
            return new Stop("tool_use", null);
        }
        return end.stopSequence()
                .map(sequence -> new Stop(Stop.STOP_SEQUENCE, sequence))
                .orElseGet(() -> new Stop("end_turn", null));
    }
}
