package dev.contexture.nativelib;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.contexture.core.DeviceSelection;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

/** The retrieval head's graphs on a CUDA device: see kernels/cuda/head_session.h. Used by one thread only. */
public final class FfmDeviceHead implements AutoCloseable {
    private final FfmRetrievalPool pool;
    private final long id;
    private final NativeObject object;
    private final NativeFunction select;
    private final NativeFunction observe;
    private final NativeFunction read;
    private final NativeFunction write;
    private final int width;
    private final CallMemory memory = new CallMemory();

    /**
     * @param library for CUDA devices, which ONNX Runtime has registered before
     * @param pool takes the keys; is its owner's to close, after this
     * @param rows of features that are kept
     * @param width numbers in such a row
     * @throws NativeException if a graph cannot be loaded
     */
    public FfmDeviceHead(
            NativeLibrary library,
            Path keys,
            Path query,
            FfmRetrievalPool pool,
            FfmBoundSession decoder,
            int rows,
            int width) {
        this.pool = pool;
        this.width = width;
        this.read = library.function("ctx_head_read", JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT, ADDRESS);
        this.write = library.function("ctx_head_write", JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT, ADDRESS);
        this.select = library.function("ctx_head_select", JAVA_INT, JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS);
        this.observe = library.function("ctx_head_observe", JAVA_INT, JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS);
        NativeFunction create = library.function(
                "ctx_head_create", JAVA_LONG, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_INT);
        long poolId = pool.id();
        long decoderId = decoder.id();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment keysPath = arena.allocateFrom(keys.toAbsolutePath().toString());
            MemorySegment queryPath = arena.allocateFrom(query.toAbsolutePath().toString());
            MemorySegment libraryPath = arena.allocateFrom(library.path().toString());
            this.id = create.id(
                    handle -> (long) handle.invokeExact(keysPath, queryPath, libraryPath, poolId, decoderId, rows));
        }
        this.object = new NativeObject(id, library.function("ctx_head_destroy", JAVA_INT, JAVA_LONG));
    }

    /** Makes the selection that the pool was told. */
    public DeviceSelection select(int[] tokenIds, int[] featureRows, int[] places, int[] owners) {
        long[] ids = new long[tokenIds.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = tokenIds[i];
        }
        memory.begin();
        MemorySegment tokens = memory.put(ids);
        MemorySegment at = memory.put(featureRows);
        select.run(handle -> (int) handle.invokeExact(id, ids.length, tokens, at));
        return pool.deviceSelection(places, owners);
    }

    /** Makes the keys that the pool was told, of the decoder's last run, and keeps features of some of its rows. */
    public void observe(int[] carriedRows, int[] featureRows) {
        memory.begin();
        MemorySegment rows = memory.put(carriedRows);
        MemorySegment at = memory.put(featureRows);
        observe.run(handle -> (int) handle.invokeExact(id, carriedRows.length, rows, at));
    }

    /** The features in a row. */
    public float[] read(int featureRow) {
        memory.begin();
        MemorySegment out = memory.room((long) width * Float.BYTES);
        read.run(handle -> (int) handle.invokeExact(id, featureRow, width, out));
        return out.toArray(JAVA_FLOAT);
    }

    public void write(int featureRow, float[] features) {
        memory.begin();
        MemorySegment in = memory.put(List.of(features));
        write.run(handle -> (int) handle.invokeExact(id, featureRow, features.length, in));
    }

    @Override
    public void close() {
        object.close();
    }
}
