package dev.contexture.session.dialect;

import dev.contexture.session.dialect.CallScanner.Expecting;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Mistral's: {@code [TOOL_CALLS] [{"name": …, "arguments": …}, …]}, and that of its later models,
 * {@code [TOOL_CALLS]name[ARGS]{…}}, again for each call.
 */
final class MistralCalls implements CallParser {
    static final String MARKER = "[TOOL_CALLS]";
    static final String ARGUMENTS = "[ARGS]";
    static final String ID = "[CALL_ID]";

    private static final Pattern HEAD =
            Pattern.compile("\\s*([A-Za-z0-9_.-]{1,64})\\s*(?:\\[CALL_ID]\\w+\\s*)?(?:\\[ARGS]\\s*)?");
    private static final Pattern HEAD_BEGUN = Pattern.compile("[\\sA-Za-z0-9_.\\[\\]-]{0,200}");

    private final Set<String> tools;
    private final CallSink out;
    private final MarkerSearch search;
    private String marker = "";
    private @Nullable CallBody body;
    private @Nullable StringBuilder head;
    private @Nullable CallScanner named;

    MistralCalls(Set<String> tools, CallSink out) {
        this.tools = tools;
        this.out = out;
        this.search = new MarkerSearch(List.of(MARKER), out);
    }

    @Override
    public void next(char c) {
        if (named != null) {
            inArguments(named, c);
        } else if (head != null) {
            inHead(head, c);
        } else if (body != null) {
            inBody(body, c);
        } else if (search.next(c).isPresent()) {
            marker = search.held();
            head = new StringBuilder();
        }
    }

    /** Behind the marker, until it is clear which of the two forms it is. */
    private void inHead(StringBuilder begun, char c) {
        boolean blank = begun.toString().isBlank();
        if (blank && (c == '[' || c == '{')) {
            head = null;
            CallBody list = new CallBody(marker + begun, tools, Expecting.CALL, out);
            body = list;
            list.next(c);
            return;
        }
        Matcher whole = HEAD.matcher(begun);
        if (c == '{' && whole.matches()) {
            head = null;
            marker += begun;
            CallScanner call = CallScanner.ofArguments(tools, whole.group(1));
            named = call;
            inArguments(call, c);
            return;
        }
        if (!HEAD_BEGUN.matcher(begun.toString() + c).matches()) {
            head = null;
            out.lonely(marker + begun);
            next(c);
            return;
        }
        begun.append(c);
    }

    private void inArguments(CallScanner call, char c) {
        switch (call.next(c)) {
            case READING -> out.progress(call);
            case COMPLETE -> {
                named = null;
                out.complete(call);
            }
            case UNKNOWN_TOOL -> {
                named = null;
                out.broken(marker, call, CallOutcome.UNKNOWN_TOOL);
                next(c);
            }
            case MALFORMED, OTHER_OBJECT -> {
                named = null;
                out.broken(marker, call, CallOutcome.MALFORMED);
                next(c);
            }
        }
    }

    private void inBody(CallBody list, char c) {
        CallBody.Taken taken = list.next(c);
        if (taken == CallBody.Taken.MORE) {
            return;
        }
        body = null;
        if (taken == CallBody.Taken.NOT) {
            list.rest().chars().forEach(each -> next((char) each));
            next(c);
        }
    }

    @Override
    public void finish() {
        if (named != null) {
            out.broken(marker, named, CallOutcome.INCOMPLETE);
        } else if (head != null) {
            out.lonely(marker + head);
        } else if (body != null) {
            body.finish();
        } else if (out.calls() > 0 && !search.isInMarker()) {
            search.takeSpaces();
        }
        search.flush();
    }
}
