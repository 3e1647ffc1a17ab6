package dev.contexture.nativelib;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;

/** {@link NativeLayers} over the C interface of the library for CUDA devices. */
public final class FfmLayers implements NativeLayers {
    private final long pool;
    private final int most;
    private final NativeFunction limit;
    private final NativeFunction place;
    private final NativeFunction loaded;
    private final CallMemory memory = new CallMemory();

    /**
     * @param pool made with {@link FfmKvPool.Elastic}
     */
    public FfmLayers(NativeLibrary library, FfmKvPool pool) {
        this.pool = pool.id();
        this.limit = library.function("ctx_pool_page_limit", JAVA_INT, JAVA_LONG, JAVA_INT);
        this.place = library.function("ctx_pool_place", JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT, ADDRESS);
        this.loaded = library.function("ctx_step_loaded", JAVA_INT, JAVA_LONG, ADDRESS);
        this.most = library.function("ctx_pool_host_layers", JAVA_INT, JAVA_LONG)
                .number(handle -> (int) handle.invokeExact(this.pool));
    }

    @Override
    public int mostHostLayers() {
        return most;
    }

    @Override
    public int pageLimit(int hostLayers) {
        return limit.number(handle -> (int) handle.invokeExact(pool, hostLayers));
    }

    @Override
    public void place(int hostLayers, int[] heldPages) {
        MemorySegment pages = memory.begin().put(heldPages);
        place.run(handle -> (int) handle.invokeExact(pool, hostLayers, heldPages.length, pages));
    }

    @Override
    public Loaded loaded() {
        MemorySegment counts = memory.begin().room(2L * Long.BYTES);
        loaded.run(handle -> (int) handle.invokeExact(pool, counts));
        return new Loaded(counts.getAtIndex(JAVA_LONG, 0), counts.getAtIndex(JAVA_LONG, 1));
    }
}
