package dev.contexture.nativelib;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** What the rows of a step are drawn by, laid out as ctx_sample_row, ctx_logit_change and masks of contexture.h. Kept between steps. */
public final class DrawRequest {
    /** In place of a number of likeliest tokens: not even the drawn token's log-probability is told. */
    public static final int NO_LOGPROBS = -1;

    /** In place of a mask's index: any token may be drawn. */
    private static final int NO_MASK = -1;

    private static final int ROW_BYTES = Double.BYTES + 10 * Integer.BYTES;
    private static final int CHANGE_BYTES = 4 * Integer.BYTES;

    private ByteBuffer rows = direct(64 * ROW_BYTES);
    private ByteBuffer changes = direct(1024 * CHANGE_BYTES);
    private ByteBuffer masks = direct(1024 * Long.BYTES);
    private int maskCount;
    private int nextMask = NO_MASK;

    /**
     * How a row is drawn.
     *
     * @param uniform decides the draw, in [0, 1)
     * @param inverseTemperature 0: the lowest id of the largest logit
     * @param leastExponent least (logit - largest) * inverseTemperature of a token that may be drawn
     * @param topK 0: all
     * @param topLogprobs likeliest tokens that are told, or {@link #NO_LOGPROBS}
     */
    public record Row(
            double uniform,
            float inverseTemperature,
            float leastExponent,
            float topP,
            float repetition,
            int topK,
            int topLogprobs) {}

    /**
     * What is done to a logit: if repeated, the repetition penalty; then {@code penalty} is subtracted, then {@code bias} added.
     */
    public record Change(int token, boolean repeated, float penalty, float bias) {}

    public void clear() {
        rows.clear();
        changes.clear();
        masks.clear();
        maskCount = 0;
        nextMask = NO_MASK;
    }

    /** Of the row that is added next; each token at most once. */
    public void change(int token, boolean repeated, float penalty, float bias) {
        changes = withRoom(changes, CHANGE_BYTES);
        changes.putInt(token).putInt(repeated ? 1 : 0).putFloat(penalty).putFloat(bias);
    }

    /** Words of a mask over so many tokens. */
    public static int maskWords(int tokens) {
        return (tokens + Long.SIZE - 1) / Long.SIZE;
    }

    /**
     * Of the row that is added next: only these tokens may be drawn.
     *
     * @param words a bit for each token, lowest first, as many as {@link #maskWords} says; at least one bit is set
     */
    public void mask(long[] words) {
        masks = withRoom(masks, words.length * Long.BYTES);
        for (long word : words) {
            masks.putLong(word);
        }
        nextMask = maskCount++;
    }

    public void row(Row row) {
        rows = withRoom(rows, ROW_BYTES);
        int wanted = rowCount();
        rows.putDouble(row.uniform)
                .putFloat(row.inverseTemperature)
                .putFloat(row.leastExponent)
                .putFloat(row.topP)
                .putFloat(row.repetition)
                .putInt(row.topK)
                .putInt(row.topLogprobs)
                .putInt(wanted)
                .putInt(changeCount())
                .putInt(nextMask)
                .putInt(0);
        nextMask = NO_MASK;
    }

    public int rowCount() {
        return rows.position() / ROW_BYTES;
    }

    int changeCount() {
        return changes.position() / CHANGE_BYTES;
    }

    int maskCount() {
        return maskCount;
    }

    MemorySegment masks() {
        return MemorySegment.ofBuffer(masks.duplicate().flip());
    }

    MemorySegment rows() {
        return MemorySegment.ofBuffer(rows.duplicate().flip());
    }

    MemorySegment changes() {
        return MemorySegment.ofBuffer(changes.duplicate().flip());
    }

    /** What was added as row {@code index}. */
    public Row row(int index) {
        int at = index * ROW_BYTES;
        return new Row(
                rows.getDouble(at),
                rows.getFloat(at + 8),
                rows.getFloat(at + 12),
                rows.getFloat(at + 16),
                rows.getFloat(at + 20),
                rows.getInt(at + 24),
                rows.getInt(at + 28));
    }

    /** The end of row {@code index}'s changes, which begin where those of the row before end. */
    public int changesEnd(int index) {
        return rows.getInt(index * ROW_BYTES + 36);
    }

    /** Whether row {@code index} may draw a token, one of so many. */
    public boolean mayDraw(int index, int token, int tokens) {
        int mask = rows.getInt(index * ROW_BYTES + 40);
        int word = mask * maskWords(tokens) + token / Long.SIZE;
        return mask == NO_MASK || (masks.getLong(word * Long.BYTES) >>> token & 1) != 0;
    }

    public Change change(int index) {
        int at = index * CHANGE_BYTES;
        return new Change(
                changes.getInt(at), changes.getInt(at + 4) != 0, changes.getFloat(at + 8), changes.getFloat(at + 12));
    }

    private static ByteBuffer withRoom(ByteBuffer buffer, int bytes) {
        return buffer.remaining() >= bytes
                ? buffer
                : direct(2 * (buffer.capacity() + bytes)).put(buffer.flip());
    }

    private static ByteBuffer direct(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    }
}
