package dev.contexture.session.dialect;

import dev.contexture.session.dialect.CallScanner.Expecting;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What stands behind a marker: one call, several behind each other with commas, semicolons or nothing between them, or a list
 * of calls in brackets.
 */
final class CallBody {
    /** What a character meant. */
    enum Taken {
        /** Goes on. */
        MORE,
        /** The character was the last. */
        LAST,
        /** The calls were over before it; it was not taken. */
        NOT
    }

    private final String marker;
    private final Set<String> tools;
    private final Expecting expecting;
    private final CallSink out;
    private final StringBuilder between = new StringBuilder();
    private @Nullable CallScanner call;
    private boolean inList;
    private int count;

    /**
     * @param marker in front of it; becomes text if no call follows
     */
    CallBody(String marker, Set<String> tools, Expecting expecting, CallSink out) {
        this.marker = marker;
        this.tools = tools;
        this.expecting = expecting;
        this.out = out;
    }

    Taken next(char c) {
        return call == null ? between(c) : inCall(call, c);
    }

    private Taken inCall(CallScanner reading, char c) {
        return switch (reading.next(c)) {
            case READING -> {
                out.progress(reading);
                yield Taken.MORE;
            }
            case COMPLETE -> {
                out.complete(reading);
                call = null;
                count++;
                between.setLength(0);
                yield Taken.MORE;
            }
            case MALFORMED -> {
                out.broken(taken(), reading, CallOutcome.MALFORMED);
                yield reading.tookLast() ? Taken.LAST : Taken.NOT;
            }
            case UNKNOWN_TOOL -> {
                out.broken(taken(), reading, CallOutcome.UNKNOWN_TOOL);
                yield Taken.LAST;
            }
            case OTHER_OBJECT -> {
                out.text(taken() + reading.raw());
                yield Taken.LAST;
            }
        };
    }

    private Taken between(char c) {
        if (c == '{') {
            call = new CallScanner(tools, expecting);
            call.next(c);
            return Taken.MORE;
        }
        if (c == ']' && inList && count > 0) {
            return Taken.LAST;
        }
        if (c == '[' && !inList && count == 0) {
            inList = true;
        } else if (!Character.isWhitespace(c) && (count == 0 || c != ',' && c != ';')) {
            leave();
            return Taken.NOT;
        }
        between.append(c);
        return Taken.MORE;
    }

    private String before() {
        return count == 0 ? marker + between : between.toString();
    }

    /** What is in front, for once: it is not part of {@link #rest} any more. */
    private String taken() {
        String before = before();
        between.setLength(0);
        return before;
    }

    private void leave() {
        if (count == 0) {
            out.lonely(taken());
        }
    }

    /** Calls that were read. */
    int count() {
        return count;
    }

    /** What was read behind the last call, without being one. */
    String rest() {
        return between.toString();
    }

    /** The answer ends here. */
    void finish() {
        if (call != null) {
            out.broken(before(), call, CallOutcome.INCOMPLETE);
        } else if (count == 0) {
            leave();
        } else if (!rest().isBlank()) {
            out.text(rest());
        }
    }
}
