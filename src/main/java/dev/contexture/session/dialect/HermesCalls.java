package dev.contexture.session.dialect;

import dev.contexture.session.dialect.CallScanner.Expecting;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Hermes' and Qwen's: {@code <tool_call>{"name": …, "arguments": …}</tool_call>}, anywhere, again for each call. A missing end
 * tag is forgiven, and so are several calls or a list of them between the tags.
 */
final class HermesCalls implements CallParser {
    static final String OPEN = "<tool_call>";
    static final String CLOSE = "</tool_call>";

    private final Set<String> tools;
    private final CallSink out;
    private final MarkerSearch search;
    private @Nullable CallBody body;
    private boolean closable;

    HermesCalls(Set<String> tools, CallSink out) {
        this.tools = tools;
        this.out = out;
        this.search = new MarkerSearch(List.of(OPEN, CLOSE), text -> {
            closable = false;
            out.text(text);
        });
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
        CallBody left = body;
        body = null;
        closable = left.count() > 0;
        if (taken == CallBody.Taken.NOT) {
            left.rest().chars().forEach(rest -> outside((char) rest));
            outside(c);
        }
    }

    private void outside(char c) {
        Optional<String> marker = search.next(c);
        if (marker.isEmpty()) {
            return;
        }
        if (marker.get().equals(OPEN)) {
            body = new CallBody(search.held(), tools, Expecting.CALL, out);
        } else if (closable) {
            closable = false;
        } else {
            out.text(search.held());
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
