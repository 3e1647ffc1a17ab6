package dev.contexture.session.dialect;

import dev.contexture.session.dialect.CallScanner.Expecting;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Llama 3.1's: {@code {"name": …, "parameters": …}} at the beginning of a line or behind {@code <|python_tag|>}, several behind each
 * other. Objects that are no calls, or call what is no tool, are text.
 */
final class LlamaCalls implements CallParser {
    static final String TAG = "<|python_tag|>";

    private final Set<String> tools;
    private final CallSink out;
    private final MarkerSearch search;
    private @Nullable CallBody body;
    private boolean atLineBegin = true;

    LlamaCalls(Set<String> tools, CallSink out) {
        this.tools = tools;
        this.out = out;
        this.search = new MarkerSearch(List.of(TAG), out);
    }

    @Override
    public void next(char c) {
        if (body == null) {
            outside(c);
            return;
        }
        CallBody.Taken taken = body.next(c);
        if (taken == CallBody.Taken.MORE) {
            return;
        }
        String rest = body.rest();
        body = null;
        atLineBegin = false;
        if (taken == CallBody.Taken.NOT) {
            rest.chars().forEach(each -> outside((char) each));
            outside(c);
        }
    }

    private void outside(char c) {
        if (c == '{' && atLineBegin && !search.isInMarker()) {
            body = new CallBody(search.takeSpaces(), tools, Expecting.ANY_OBJECT, out);
            body.next(c);
            return;
        }
        atLineBegin = c == '\n' || atLineBegin && Character.isWhitespace(c);
        if (search.next(c).isPresent()) {
            body = new CallBody(search.held(), tools, Expecting.CALL, out);
        }
    }

    @Override
    public void finish() {
        if (body != null) {
            body.finish();
        } else if (out.calls() > 0 && !search.isInMarker()) {
            search.takeSpaces();
        }
        search.flush();
    }
}
