package dev.contexture.nativelib;

/** How the native library stores a block's keys and values; the order is the library's. */
public enum BlockFormat {
    /** As the pool has them. */
    F16,
    /** 8 bits: keys with a scale per channel, values with one per token. */
    INT8,
    /** 4 bits: keys by channel, values by token and 32 channels, with a scale and a minimum each. */
    INT4,
    /** Keys as in {@link #INT8}, values as in {@link #INT4}. */
    INT8_KEYS_INT4_VALUES;

    int nativeCode() {
        return ordinal();
    }
}
