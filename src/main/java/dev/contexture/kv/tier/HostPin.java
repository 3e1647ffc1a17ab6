package dev.contexture.kv.tier;

import java.lang.foreign.MemorySegment;

/** A value that stays in host memory until this is closed. Used by the step loop only. */
public final class HostPin implements AutoCloseable {
    private final TieredKvStore store;
    private final HostValue value;
    private boolean closed;

    HostPin(TieredKvStore store, HostValue value) {
        this.store = store;
        this.value = value;
    }

    public StoredName name() {
        return value.name;
    }

    public int bytes() {
        return value.bytes;
    }

    /**
     * Copies the value out.
     *
     * @param target of {@link #bytes}
     * @return whether it is what was put. If not, target must not be used, and the value is found no more
     */
    public boolean read(MemorySegment target) {
        if (closed) {
            throw new IllegalStateException("the pin of " + value.key() + " is closed");
        }
        return store.read(value, target);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            store.release(value);
        }
    }
}
