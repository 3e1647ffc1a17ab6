package dev.contexture.nativelib;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.contexture.core.KvGeometry;
import dev.contexture.core.SelectionMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** {@link NativeKvPool} over the C interface. */
public final class FfmKvPool implements NativeKvPool {
    private final NativeLibrary library;
    private final long id;
    private final long bytes;
    private final MethodHandle setStep;
    private final MethodHandle read;
    private final MethodHandle destroy;
    private final KvGeometry geometry;
    private final MethodHandle select;
    private final MethodHandle keepQueries;
    private final MethodHandle queries;
    private final MethodHandle copy;
    private final IntScratch scratch = new IntScratch();
    private MemorySegment queryMemory = MemorySegment.NULL;
    private boolean closed;

    /**
     * @throws NativeException if the memory cannot be had
     */
    public FfmKvPool(NativeLibrary library, KvGeometry geometry, int pages) {
        this.library = library;
        this.geometry = geometry;
        this.setStep =
                library.function("ctx_step_set", JAVA_INT, JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS);
        this.select = library.function(
                "ctx_step_select",
                JAVA_INT,
                JAVA_LONG,
                JAVA_INT,
                ADDRESS,
                JAVA_INT,
                ADDRESS,
                JAVA_INT,
                JAVA_INT,
                ADDRESS,
                ADDRESS,
                JAVA_INT);
        this.keepQueries = library.function("ctx_step_keep_queries", JAVA_INT, JAVA_LONG, JAVA_INT);
        this.queries = library.function("ctx_step_queries", JAVA_INT, JAVA_LONG, JAVA_INT, ADDRESS);
        this.copy = library.function("ctx_pool_copy", JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT);
        this.read = library.function(
                "ctx_pool_read", JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS);
        this.destroy = library.function("ctx_pool_destroy", JAVA_INT, JAVA_LONG);
        MethodHandle create = library.function(
                "ctx_pool_create", JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
        MethodHandle bytesOf = library.function("ctx_pool_bytes", JAVA_LONG, JAVA_LONG);
        try {
            this.id = (long) create.invokeExact(
                    geometry.layers(),
                    geometry.kvHeads(),
                    geometry.headDim(),
                    geometry.pageTokens(),
                    pages,
                    geometry.dtype().nativeCode());
            if (id == 0) {
                throw library.failure();
            }
            this.bytes = (long) bytesOf.invokeExact(id);
        } catch (NativeException e) {
            throw e;
        } catch (Throwable e) {
            throw new NativeException("the KV pool cannot be made", e);
        }
    }

    @Override
    public long id() {
        return id;
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public void setStep(int[] queryLengths, int[] contextLengths, int[] pageOffsets, int[] pages) {
        int sequences = queryLengths.length;
        scratch.begin((long) 2 * sequences + pageOffsets.length + pages.length);
        MemorySegment query = scratch.put(queryLengths);
        MemorySegment context = scratch.put(contextLengths);
        MemorySegment offsets = scratch.put(pageOffsets);
        MemorySegment table = scratch.put(pages);
        try {
            check((int) setStep.invokeExact(id, sequences, query, context, offsets, table));
        } catch (NativeException e) {
            throw e;
        } catch (Throwable e) {
            throw new NativeException("ctx_step_set cannot be called", e);
        }
    }

    @Override
    public void select(SelectionMatrix selection, int[] sequences, int[] groupOfLayer, int firstDenseLayers) {
        scratch.begin((long) groupOfLayer.length
                + sequences.length
                + selection.counts().length
                + selection.positions().length);
        MemorySegment groups = scratch.put(groupOfLayer);
        MemorySegment rows = scratch.put(sequences);
        MemorySegment counts = scratch.put(selection.counts());
        MemorySegment positions = scratch.put(selection.positions());
        try {
            check((int) select.invokeExact(
                    id,
                    selection.groups(),
                    groups,
                    sequences.length,
                    rows,
                    selection.kvHeads(),
                    selection.stride(),
                    counts,
                    positions,
                    firstDenseLayers));
        } catch (NativeException e) {
            throw e;
        } catch (Throwable e) {
            throw new NativeException("ctx_step_select cannot be called", e);
        }
    }

    @Override
    public void keepQueries(int queryHeads) {
        long bytes = (long) geometry.layers() * queryHeads * geometry.headDim() * Float.BYTES;
        if (queryMemory.byteSize() != bytes) {
            queryMemory = Arena.ofAuto().allocate(bytes, Float.BYTES);
        }
        try {
            check((int) keepQueries.invokeExact(id, queryHeads));
        } catch (NativeException e) {
            throw e;
        } catch (Throwable e) {
            throw new NativeException("ctx_step_keep_queries cannot be called", e);
        }
    }

    @Override
    public float[] queries(int sequence) {
        try {
            check((int) queries.invokeExact(id, sequence, queryMemory));
            return queryMemory.toArray(JAVA_FLOAT);
        } catch (NativeException e) {
            throw e;
        } catch (Throwable e) {
            throw new NativeException("ctx_step_queries cannot be called", e);
        }
    }

    @Override
    public void copyPage(int fromPage, int toPage, int slots) {
        try {
            check((int) copy.invokeExact(id, fromPage, toPage, slots));
        } catch (NativeException e) {
            throw e;
        } catch (Throwable e) {
            throw new NativeException("ctx_pool_copy cannot be called", e);
        }
    }

    private void check(int status) {
        if (status != 0) {
            throw library.failure();
        }
    }

    /** One slot's key or value of one head: [headDim]. For tests and audits. */
    public float[] read(int layer, int page, int slotInPage, int kvHead, boolean value) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_FLOAT, geometry.headDim());
            check((int) read.invokeExact(id, layer, page, slotInPage, kvHead, value ? 1 : 0, out));
            return out.toArray(JAVA_FLOAT);
        } catch (NativeException e) {
            throw e;
        } catch (Throwable e) {
            throw new NativeException("ctx_pool_read cannot be called", e);
        }
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            check((int) destroy.invokeExact(id));
        } catch (NativeException e) {
            throw e;
        } catch (Throwable e) {
            throw new NativeException("ctx_pool_destroy cannot be called", e);
        }
    }
}
