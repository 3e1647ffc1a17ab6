package dev.contexture.kv;

/** New tokens of one sequence in the step that is about to run. */
public record SlotRequest(long sequenceId, int[] tokens) {
    public SlotRequest {
        if (tokens.length == 0) {
            throw new IllegalArgumentException("sequence " + sequenceId + " brings no token");
        }
        tokens = tokens.clone();
    }

    @Override
    public int[] tokens() {
        return tokens.clone();
    }

    public int count() {
        return tokens.length;
    }
}
