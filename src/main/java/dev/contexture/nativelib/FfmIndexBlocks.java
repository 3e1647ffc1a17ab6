package dev.contexture.nativelib;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;

/** {@link NativeIndexBlocks} over the C interface. */
public final class FfmIndexBlocks implements NativeIndexBlocks {
    private final long pool;
    private final NativeFunction bytes;
    private final NativeFunction read;
    private final NativeFunction write;
    private final CallMemory memory = new CallMemory();

    /**
     * @param pool which it does not own
     */
    public FfmIndexBlocks(NativeLibrary library, NativeRetrievalPool pool) {
        this.pool = pool.id();
        this.bytes = library.function("ctx_retrieval_keys_bytes", JAVA_LONG, JAVA_LONG, JAVA_INT);
        this.read = mover(library, "ctx_retrieval_keys_read");
        this.write = mover(library, "ctx_retrieval_keys_write");
    }

    private static NativeFunction mover(NativeLibrary library, String name) {
        return library.function(name, JAVA_INT, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS, JAVA_LONG);
    }

    @Override
    public long bytes(int tokens) {
        return bytes.id(handle -> (long) handle.invokeExact(pool, tokens));
    }

    @Override
    public void read(int[] pages, int first, int tokens, MemorySegment target) {
        move(read, pages, first, tokens, target);
    }

    @Override
    public void write(int[] pages, int first, int tokens, MemorySegment source) {
        move(write, pages, first, tokens, source);
    }

    private void move(NativeFunction function, int[] pages, int first, int tokens, MemorySegment keys) {
        memory.begin();
        MemorySegment table = memory.put(pages);
        function.run(
                handle -> (int) handle.invokeExact(pool, pages.length, table, first, tokens, keys, keys.byteSize()));
    }
}
