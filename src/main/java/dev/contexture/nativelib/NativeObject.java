package dev.contexture.nativelib;

/** Something that lives in the native library under an id until it is closed. */
final class NativeObject implements AutoCloseable {
    private final long id;
    private final NativeFunction destroy;
    private boolean closed;

    /**
     * @param destroy takes the id
     */
    NativeObject(long id, NativeFunction destroy) {
        this.id = id;
        this.destroy = destroy;
    }

    boolean isClosed() {
        return closed;
    }

    /** Closing again does nothing. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            destroy.run(handle -> (int) handle.invokeExact(id));
        }
    }
}
