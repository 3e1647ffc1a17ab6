package dev.contexture.retrieval;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Optional;

/** Features of a sequence's last tokens: as many as may lie behind the last block whose end is certain and whose keys are made. */
final class RecentFeatures {
    static final int KEPT_TOKENS = 64;
    private static final float[] NOTHING = {};

    private float[] rows = NOTHING;
    private int end;
    private int count;

    /**
     * @param newRows [tokens, width] of the tokens before {@code position}
     */
    void add(FloatBuffer newRows, int tokens, int position) {
        int width = newRows.remaining() / tokens;
        if (rows.length != KEPT_TOKENS * width || position - tokens != end) {
            rows = new float[KEPT_TOKENS * width];
            count = 0;
        }
        for (int i = Math.max(0, tokens - KEPT_TOKENS); i < tokens; i++) {
            newRows.get(newRows.position() + i * width, rows, (position - tokens + i) % KEPT_TOKENS * width, width);
        }
        count = Math.min(KEPT_TOKENS, count + tokens);
        end = position;
    }

    /** Those of the token before {@code position}. */
    Optional<float[]> before(int position) {
        if (position > end || position <= end - count) {
            return Optional.empty();
        }
        int width = rows.length / KEPT_TOKENS;
        int at = (position - 1) % KEPT_TOKENS * width;
        return Optional.of(Arrays.copyOfRange(rows, at, at + width));
    }

    void clear() {
        rows = NOTHING;
        count = 0;
        end = 0;
    }
}
