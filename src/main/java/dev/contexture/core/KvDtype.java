package dev.contexture.core;

/** Number format of keys and values in the device pool; {@code nativeCode} is the code of the C interface. */
public enum KvDtype {
    F32(0, 4),
    F16(1, 2),
    /** In pools of CUDA devices only. */
    BF16(2, 2);

    private final int nativeCode;
    private final int bytes;

    KvDtype(int nativeCode, int bytes) {
        this.nativeCode = nativeCode;
        this.bytes = bytes;
    }

    public int nativeCode() {
        return nativeCode;
    }

    public int bytes() {
        return bytes;
    }
}
