package dev.contexture.kv.tier;

import java.lang.foreign.MemorySegment;

/**
 * A value to keep.
 *
 * @param firstToken position of the block's first token in its sequence
 * @param payload the caller's own again when it has been put
 */
public record NewValue(StoredName name, int firstToken, MemorySegment payload) {
    /** Far more than a block of the largest models takes. */
    static final int BYTES_MOST = 64 << 20;

    public NewValue {
        if (payload.byteSize() < 1 || payload.byteSize() > BYTES_MOST) {
            throw new IllegalArgumentException(
                    "a value must have 1 to " + BYTES_MOST + " bytes but has " + payload.byteSize());
        }
        if (firstToken < 0) {
            throw new IllegalArgumentException("firstToken must not be negative but is " + firstToken);
        }
    }
}
