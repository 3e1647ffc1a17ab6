package dev.contexture.session.responses;

import dev.contexture.session.GenerationEvent.Delta;
import dev.contexture.session.GenerationEvent.Part;
import dev.contexture.session.dialect.AnswerPart;
import dev.contexture.session.responses.ResponseItem.FunctionCall;
import dev.contexture.session.responses.ResponseItem.Message;
import dev.contexture.session.responses.ResponseItem.Reasoning;
import dev.contexture.session.responses.ResponseItem.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The output of a response while it grows: thoughts, text and calls become items in the order in which they were drawn; what is of another
 * kind than what came before begins the next. Used by one thread at a time.
 */
final class OutputItems {
    private final Supplier<String> ids;
    private final List<ResponseItem> done = new ArrayList<>();
    private Optional<Open> open = Optional.empty();

    /**
     * @param ids 24 hexadecimal digits, never the same
     */
    OutputItems(Supplier<String> ids) {
        this.ids = ids;
    }

    private enum Kind {
        REASONING("rs_"),
        MESSAGE("msg_"),
        CALL("fc_");

        private final String prefix;

        Kind(String prefix) {
            this.prefix = prefix;
        }
    }

    /** The item that grows. */
    private static final class Open {
        private final Kind kind;
        private final String id;
        private final String callId;
        private final String name;
        private final StringBuilder text = new StringBuilder();

        private Open(Kind kind, String id, String callId, String name) {
            this.kind = kind;
            this.id = id;
            this.callId = callId;
            this.name = name;
        }

        private ResponseItem item(boolean whole) {
            return switch (kind) {
                case REASONING -> new Reasoning(id, text.toString(), whole);
                case MESSAGE -> new Message(id, Role.ASSISTANT, List.of(text.toString()), whole);
                case CALL -> new FunctionCall(id, callId, name, text.toString(), whole);
            };
        }

        private ResponseEvent grown(int index, String more) {
            text.append(more);
            return switch (kind) {
                case REASONING -> new ResponseEvent.Thought(index, id, more);
                case MESSAGE -> new ResponseEvent.Text(index, id, more);
                case CALL -> new ResponseEvent.Arguments(index, id, more);
            };
        }
    }

    List<ResponseEvent> take(Delta delta) {
        return grown(Kind.MESSAGE, delta.text());
    }

    List<ResponseEvent> take(Part event) {
        return switch (event.part()) {
            case AnswerPart.Text more -> grown(Kind.MESSAGE, more.text());
            case AnswerPart.Thought more -> grown(Kind.REASONING, more.text());
            case AnswerPart.CallBegin begin -> {
                List<ResponseEvent> events = new ArrayList<>();
                begin(Kind.CALL, begin.id(), begin.name(), events);
                yield events;
            }
            case AnswerPart.CallArguments arguments -> grown(Kind.CALL, arguments.fragment());
            case AnswerPart.CallEnd end -> {
                List<ResponseEvent> events = new ArrayList<>();
                close(events, end.whole());
                yield events;
            }
        };
    }

    private List<ResponseEvent> grown(Kind kind, String more) {
        List<ResponseEvent> events = new ArrayList<>();
        if (more.isEmpty()) {
            return events;
        }
        if (open.filter(item -> item.kind == kind).isEmpty()) {
            if (kind == Kind.CALL) {
                throw new IllegalStateException("arguments come behind the beginning of their call");
            }
            begin(kind, "", "", events);
        }
        open.ifPresent(item -> events.add(item.grown(done.size(), more)));
        return events;
    }

    private void begin(Kind kind, String callId, String name, List<ResponseEvent> events) {
        close(events, true);
        Open next = new Open(kind, kind.prefix + ids.get(), callId, name);
        open = Optional.of(next);
        events.add(new ResponseEvent.Begun(done.size(), next.item(false)));
    }

    private void close(List<ResponseEvent> events, boolean whole) {
        open.map(item -> item.item(whole)).ifPresent(item -> {
            events.add(new ResponseEvent.Done(done.size(), item));
            done.add(item);
        });
        open = Optional.empty();
    }

    /**
     * All of it.
     *
     * @param whole whether the answer came to its end; a call that has not ended is not whole even so
     */
    List<ResponseItem> items(boolean whole) {
        List<ResponseItem> items = new ArrayList<>(done);
        open.map(item -> item.item(whole && item.kind != Kind.CALL)).ifPresent(items::add);
        return items;
    }

    /** What an answer is that says nothing. */
    List<ResponseItem> nothing(boolean whole) {
        return List.of(new Message(Kind.MESSAGE.prefix + ids.get(), Role.ASSISTANT, List.of(""), whole));
    }
}
