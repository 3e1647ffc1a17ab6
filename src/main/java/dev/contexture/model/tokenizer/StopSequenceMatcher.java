package dev.contexture.model.tokenizer;

import java.util.List;
import java.util.Optional;

/**
 * Finds stop sequences in streamed text. Text that may be the beginning of a stop sequence is held back, so at most the
 * longest stop sequence less one character waits.
 */
public final class StopSequenceMatcher {
    private final List<String> stops;
    private final StringBuilder held = new StringBuilder();

    public StopSequenceMatcher(List<String> stops) {
        if (stops.stream().anyMatch(String::isEmpty)) {
            throw new IllegalArgumentException("a stop sequence must not be empty");
        }
        this.stops = List.copyOf(stops);
    }

    /**
     * @param text that is surely not part of a stop sequence
     * @param stop the stop sequence that was found, if any; what follows it is dropped
     */
    public record Result(String text, Optional<String> stop) {
        public boolean stopped() {
            return stop.isPresent();
        }
    }

    public Result append(String text) {
        if (stops.isEmpty()) {
            return new Result(text, Optional.empty());
        }
        held.append(text);
        int earliest = -1;
        String found = "";
        for (String stop : stops) {
            int at = held.indexOf(stop);
            if (at >= 0 && (earliest < 0 || at < earliest)) {
                earliest = at;
                found = stop;
            }
        }
        if (earliest >= 0) {
            String before = held.substring(0, earliest);
            held.setLength(0);
            return new Result(before, Optional.of(found));
        }
        int safe = held.length() - longestHeldBack();
        String certain = held.substring(0, safe);
        held.delete(0, safe);
        return new Result(certain, Optional.empty());
    }

    /** Text held back, when the sequence ends without a stop. */
    public String flush() {
        String rest = held.toString();
        held.setLength(0);
        return rest;
    }

    private int longestHeldBack() {
        int longest = 0;
        for (String stop : stops) {
            for (int length = Math.min(stop.length() - 1, held.length()); length > longest; length--) {
                if (stop.startsWith(held.substring(held.length() - length))) {
                    longest = length;
                    break;
                }
            }
        }
        return longest;
    }
}
