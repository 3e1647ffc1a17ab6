package dev.contexture.nativelib;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.contexture.core.DeviceSelection;
import dev.contexture.core.KvGeometry;
import dev.contexture.core.Selection;
import dev.contexture.core.SelectionMatrix;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** {@link NativeKvPool} over the C interface. */
public final class FfmKvPool implements NativeKvPool {
    private final NativeObject object;
    private final long id;
    private final long bytes;
    private final NativeFunction setStep;
    private final NativeFunction read;
    private final KvGeometry geometry;
    private final NativeFunction select;
    private final NativeFunction keepQueries;
    private final NativeFunction queries;
    private final NativeFunction copy;
    private final NativeFunction pretouch;
    private final CallMemory memory = new CallMemory();
    private final NativeLibrary library;
    private @Nullable NativeFunction selectChosen;
    private int keptHeads;

    private interface Creator {
        long create(NativeLibrary library, KvGeometry geometry, int pages);
    }

    /**
     * A CUDA device's pool whose last layers may leave for page-locked host memory; see kernels/cuda/elastic_layers.h.
     *
     * @param places sequences with selections at a time
     * @param lists of a sequence's selection: layer groups times KV heads
     * @param room tokens of a list, a multiple of a page's
     */
    public record Elastic(long deviceBytes, long hostBytes, int places, int lists, int room) {}

    /**
     * @throws NativeException if the memory cannot be had
     */
    public FfmKvPool(NativeLibrary library, KvGeometry geometry, int pages) {
        this(library, geometry, pages, FfmKvPool::create);
    }

    /**
     * @param pages ids that pages may have; how many there is room for, {@link NativeLayers#pageLimit} says
     * @throws NativeException if the memory cannot be had
     */
    public FfmKvPool(NativeLibrary library, KvGeometry geometry, int pages, Elastic elastic) {
        this(library, geometry, pages, (from, shape, ids) -> create(from, shape, ids, elastic));
    }

    private FfmKvPool(NativeLibrary library, KvGeometry geometry, int pages, Creator creator) {
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
        this.pretouch = library.function("ctx_pool_pretouch", JAVA_INT, JAVA_LONG, JAVA_INT);
        this.read = library.function(
                "ctx_pool_read", JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS);
        this.id = creator.create(library, geometry, pages);
        this.object = new NativeObject(id, library.function("ctx_pool_destroy", JAVA_INT, JAVA_LONG));
        this.bytes =
                library.function("ctx_pool_bytes", JAVA_LONG, JAVA_LONG).size(handle -> (long) handle.invokeExact(id));
    }

    private static long create(NativeLibrary library, KvGeometry geometry, int pages) {
        NativeFunction create = library.function(
                "ctx_pool_create", JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
        return create.id(handle -> (long) handle.invokeExact(
                geometry.layers(),
                geometry.kvHeads(),
                geometry.headDim(),
                geometry.pageTokens(),
                pages,
                geometry.dtype().nativeCode()));
    }

    private static long create(NativeLibrary library, KvGeometry geometry, int pages, Elastic elastic) {
        NativeFunction create = library.function(
                "ctx_pool_create_elastic",
                JAVA_LONG,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                JAVA_LONG,
                JAVA_LONG,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT);
        return create.id(handle -> (long) handle.invokeExact(
                geometry.layers(),
                geometry.kvHeads(),
                geometry.headDim(),
                geometry.pageTokens(),
                pages,
                geometry.dtype().nativeCode(),
                elastic.deviceBytes,
                elastic.hostBytes,
                elastic.places,
                elastic.lists,
                elastic.room));
    }

    @Override
    public long id() {
        return id;
    }

    @Override
    public long bytes() {
        return bytes;
    }

    /**
     * Takes the memory of the first pages now, so that no request waits for the system to give and clear it: some 10 µs per 4 KB.
     *
     * @throws NativeException if the pool has fewer pages
     */
    public void pretouch(int pages) {
        pretouch.run(handle -> (int) handle.invokeExact(id, pages));
    }

    @Override
    public void setStep(int[] queryLengths, int[] contextLengths, int[] pageOffsets, int[] pages) {
        int sequences = queryLengths.length;
        memory.begin();
        MemorySegment query = memory.put(queryLengths);
        MemorySegment context = memory.put(contextLengths);
        MemorySegment offsets = memory.put(pageOffsets);
        MemorySegment table = memory.put(pages);
        setStep.run(handle -> (int) handle.invokeExact(id, sequences, query, context, offsets, table));
    }

    @Override
    public void select(Selection selection, int[] sequences, int[] groupOfLayer, int firstDenseLayers) {
        switch (selection) {
            case SelectionMatrix matrix -> select(matrix, sequences, groupOfLayer, firstDenseLayers);
            case DeviceSelection chosen -> select(chosen, sequences, groupOfLayer, firstDenseLayers);
        }
    }

    private void select(DeviceSelection selection, int[] sequences, int[] groupOfLayer, int firstDenseLayers) {
        if (selectChosen == null) { // only the library for CUDA devices has it
            selectChosen = library.function(
                    "ctx_step_select_chosen",
                    JAVA_INT,
                    JAVA_LONG,
                    JAVA_LONG,
                    ADDRESS,
                    JAVA_INT,
                    ADDRESS,
                    ADDRESS,
                    ADDRESS,
                    ADDRESS,
                    JAVA_INT);
        }
        memory.begin();
        MemorySegment groups = memory.put(groupOfLayer);
        MemorySegment rows = memory.put(sequences);
        MemorySegment chosen = memory.put(selection.chosen());
        MemorySegment places = memory.put(selection.places());
        MemorySegment owners = memory.put(selection.owners());
        selectChosen.run(handle -> (int) handle.invokeExact(
                id, selection.pool(), groups, sequences.length, rows, chosen, places, owners, firstDenseLayers));
    }

    private void select(SelectionMatrix selection, int[] sequences, int[] groupOfLayer, int firstDenseLayers) {
        memory.begin();
        MemorySegment groups = memory.put(groupOfLayer);
        MemorySegment rows = memory.put(sequences);
        MemorySegment counts = memory.put(selection.counts());
        MemorySegment positions = memory.put(selection.positions());
        select.run(handle -> (int) handle.invokeExact(
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
    }

    @Override
    public void keepQueries(int queryHeads) {
        keepQueries.run(handle -> (int) handle.invokeExact(id, queryHeads));
        keptHeads = queryHeads;
    }

    @Override
    public float[] queries(int sequence) {
        MemorySegment out =
                memory.begin().room((long) geometry.layers() * keptHeads * geometry.headDim() * Float.BYTES);
        queries.run(handle -> (int) handle.invokeExact(id, sequence, out));
        return out.toArray(JAVA_FLOAT);
    }

    @Override
    public void copyPage(int fromPage, int toPage, int slots) {
        copy.run(handle -> (int) handle.invokeExact(id, fromPage, toPage, slots));
    }

    /** One slot's key or value of one head: [headDim]. For tests and audits. */
    public float[] read(int layer, int page, int slotInPage, int kvHead, boolean value) {
        MemorySegment out = memory.begin().room((long) geometry.headDim() * Float.BYTES);
        read.run(handle -> (int) handle.invokeExact(id, layer, page, slotInPage, kvHead, value ? 1 : 0, out));
        return out.toArray(JAVA_FLOAT);
    }

    @Override
    public void close() {
        object.close();
    }
}
