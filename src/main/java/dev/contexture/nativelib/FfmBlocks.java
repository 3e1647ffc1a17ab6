package dev.contexture.nativelib;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;

/** {@link NativeBlocks} over the C interface. */
public final class FfmBlocks implements NativeBlocks {
    private final long pool;
    private final NativeFunction bytes;
    private final NativeFunction encode;
    private final NativeFunction decode;
    private final CallMemory memory = new CallMemory();

    /**
     * @param pool which it does not own
     */
    public FfmBlocks(NativeLibrary library, NativeKvPool pool) {
        this.pool = pool.id();
        this.bytes = library.function("ctx_block_bytes", JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT);
        this.encode = mover(library, "ctx_block_encode");
        this.decode = mover(library, "ctx_block_decode");
    }

    private static NativeFunction mover(NativeLibrary library, String name) {
        return library.function(
                name, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT,
                ADDRESS, JAVA_LONG);
    }

    @Override
    public long bytes(BlockFormat format, int layers, int tokens) {
        return bytes.id(handle -> (long) handle.invokeExact(pool, format.nativeCode(), layers, tokens));
    }

    @Override
    public void encode(BlockFormat format, BlockPlace place, MemorySegment target) {
        move(encode, format, place, target);
    }

    @Override
    public void decode(BlockFormat format, BlockPlace place, MemorySegment source) {
        move(decode, format, place, source);
    }

    private void move(NativeFunction function, BlockFormat format, BlockPlace place, MemorySegment block) {
        memory.begin();
        MemorySegment layers = memory.put(place.layers());
        MemorySegment pages = memory.put(place.pages());
        function.run(handle -> (int) handle.invokeExact(
                pool,
                format.nativeCode(),
                place.layers().length,
                layers,
                place.kvHead(),
                place.pages().length,
                pages,
                place.first(),
                place.tokens(),
                block,
                block.byteSize()));
    }
}
