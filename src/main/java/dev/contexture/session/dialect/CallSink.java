package dev.contexture.session.dialect;

import dev.contexture.session.dialect.AnswerPart.CallArguments;
import dev.contexture.session.dialect.AnswerPart.CallBegin;
import dev.contexture.session.dialect.AnswerPart.CallEnd;
import dev.contexture.session.dialect.AnswerPart.Text;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Takes what the parsers of calls find, and makes parts of an answer of it. */
final class CallSink implements MarkerSearch.Sink {
    private final ArgumentDelivery delivery;
    private final int most;
    private final Supplier<String> ids;
    private final CallListener listener;
    private final List<AnswerPart> parts = new ArrayList<>();
    private final StringBuilder text = new StringBuilder();
    private int calls;
    private boolean begun;
    private int sentArguments;
    private @Nullable CallScanner reading;

    /**
     * @param most calls; what comes behind the last is dropped
     * @param ids of calls
     */
    CallSink(ArgumentDelivery delivery, int most, Supplier<String> ids, CallListener listener) {
        this.delivery = delivery;
        this.most = most;
        this.ids = ids;
        this.listener = listener;
    }

    @Override
    public void text(CharSequence more) {
        if (!isFull()) {
            text.append(more);
        }
    }

    /** Whether the answer has as many calls as it may have. */
    boolean isFull() {
        return calls >= most;
    }

    int calls() {
        return calls;
    }

    /** More of a call was read. */
    void progress(CallScanner call) {
        if (delivery == ArgumentDelivery.AS_DRAWN) {
            reading = call;
        }
    }

    private void sendDrawn(CallScanner call) {
        if (call.hasBegunArguments()) {
            send(call.name(), call.argumentsFrom(begun ? sentArguments : 0));
        }
    }

    /**
     * @param more arguments, behind those that were sent
     */
    private void send(String name, String more) {
        if (!begun) {
            begun = true;
            sentArguments = 0;
            releaseText();
            parts.add(new CallBegin(calls, ids.get(), name));
        }
        if (!more.isEmpty()) {
            parts.add(new CallArguments(calls, more));
            sentArguments += more.length();
        }
    }

    void complete(CallScanner call) {
        send(call.name(), begun ? call.argumentsFrom(sentArguments) : call.arguments());
        end(CallOutcome.COMPLETE);
    }

    private void end(CallOutcome outcome) {
        parts.add(new CallEnd(calls, outcome == CallOutcome.COMPLETE));
        calls++;
        begun = false;
        reading = null;
        listener.ended(outcome);
    }

    /**
     * It was no call.
     *
     * @param before what was read in front of it and belongs to it
     */
    void broken(String before, CallScanner call, CallOutcome outcome) {
        if (delivery == ArgumentDelivery.AS_DRAWN) {
            sendDrawn(call); // as it would have been sent in smaller pieces
        }
        if (begun) {
            end(outcome);
        } else {
            reading = null;
            text(before + call.raw());
            listener.ended(outcome);
        }
    }

    /** A marker of calls that no call came behind. */
    void lonely(String marker) {
        text(marker);
        listener.ended(CallOutcome.MALFORMED);
    }

    private void releaseText() {
        if (!text.isEmpty()) {
            parts.add(new Text(text.toString()));
            text.setLength(0);
        }
    }

    /** What came since the last time. */
    List<AnswerPart> take() {
        if (reading != null) {
            sendDrawn(reading);
        }
        releaseText();
        List<AnswerPart> taken = List.copyOf(parts);
        parts.clear();
        return taken;
    }
}
