package dev.contexture.session.dialect;

import java.util.List;
import java.util.Optional;

/**
 * Finds markers in streamed text. What may be the beginning of one is held back, and white space in front of it; the rest goes to a
 * sink.
 */
final class MarkerSearch {
    /** Most white space that is held back. */
    private static final int MOST_SPACES = 64;

    /** Takes text that is surely none of a marker. */
    interface Sink {
        void text(CharSequence text);
    }

    private final List<String> markers;
    private final Sink sink;
    private final StringBuilder spaces = new StringBuilder();
    private final StringBuilder partial = new StringBuilder();
    private String held = "";

    MarkerSearch(List<String> markers, Sink sink) {
        this.markers = List.copyOf(markers);
        this.sink = sink;
    }

    /** The marker that this character completes, if any; {@link #held} says what belongs to it. */
    Optional<String> next(char c) {
        partial.append(c);
        while (!partial.isEmpty()) {
            String text = partial.toString();
            if (markers.contains(text)) {
                held = spaces + text;
                spaces.setLength(0);
                partial.setLength(0);
                return Optional.of(text);
            }
            if (markers.stream().anyMatch(marker -> marker.startsWith(text))) {
                return Optional.empty();
            }
            char first = partial.charAt(0);
            partial.deleteCharAt(0);
            if (Character.isWhitespace(first) && spaces.length() < MOST_SPACES) {
                spaces.append(first);
            } else {
                releaseSpaces();
                sink.text(String.valueOf(first));
            }
        }
        return Optional.empty();
    }

    /** The marker found last, with the white space in front of it. */
    String held() {
        return held;
    }

    /** White space that is held back while no marker has begun; it is the caller's now. */
    String takeSpaces() {
        String taken = spaces.toString();
        spaces.setLength(0);
        return taken;
    }

    boolean isInMarker() {
        return !partial.isEmpty();
    }

    private void releaseSpaces() {
        if (!spaces.isEmpty()) {
            sink.text(spaces.toString());
            spaces.setLength(0);
        }
    }

    /** Gives up what is held back. */
    void flush() {
        releaseSpaces();
        if (!partial.isEmpty()) {
            sink.text(partial.toString());
            partial.setLength(0);
        }
    }
}
