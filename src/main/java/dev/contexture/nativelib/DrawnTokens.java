package dev.contexture.nativelib;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Tokens as the native library drew them, laid out as ctx_drawn_token of contexture.h. */
public final class DrawnTokens {
    /** Most of the likeliest tokens that are told. */
    public static final int MOST_TOP = 20;

    static final int ROW_BYTES = (2 + 2 * MOST_TOP) * Integer.BYTES;

    private final ByteBuffer memory;

    /**
     * @param memory [rows], read from its beginning
     */
    public DrawnTokens(ByteBuffer memory) {
        this.memory = memory.duplicate().order(ByteOrder.nativeOrder());
    }

    public int token(int row) {
        return memory.getInt(row * ROW_BYTES);
    }

    /** NaN where none was asked for. */
    public float logprob(int row) {
        return memory.getFloat(row * ROW_BYTES + Integer.BYTES);
    }

    /** The likeliest first. */
    public int topToken(int row, int index) {
        return memory.getInt(row * ROW_BYTES + (2 + index) * Integer.BYTES);
    }

    public float topLogprob(int row, int index) {
        return memory.getFloat(row * ROW_BYTES + (2 + MOST_TOP + index) * Integer.BYTES);
    }
}
