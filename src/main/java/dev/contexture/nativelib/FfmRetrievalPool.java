package dev.contexture.nativelib;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.contexture.core.DeviceSelection;
import dev.contexture.core.SelectionMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** {@link NativeRetrievalPool} over the C interface. */
public final class FfmRetrievalPool implements NativeRetrievalPool {
    private final NativeObject object;
    private final Shape shape;
    private final long id;
    private final long bytes;
    private final NativeFunction setAppend;
    private final NativeFunction setSelect;
    private final NativeFunction stride;
    private final NativeFunction counts;
    private final NativeFunction positions;
    private final NativeFunction mass;
    private final NativeFunction copy;
    private final CallMemory memory = new CallMemory();
    private int rows;
    private long selections;

    /**
     * What a pool holds.
     *
     * @param queryHeads per group, a multiple of {@code kvHeads}
     * @param pageTokens and {@code pages} are those of the KV pool
     */
    public record Shape(int groups, int kvHeads, int queryHeads, int headDim, int pageTokens, int pages) {
        /** Of one page: a key of 4-bit values and a scale per token, group and KV head, rows padded to 16 values. */
        public static long bytesPerPage(int groups, int kvHeads, int headDim, int pageTokens) {
            long row = Math.ceilDiv(headDim, 16) * 8L + Float.BYTES;
            return (long) groups * kvHeads * pageTokens * row;
        }
    }

    /**
     * @param ropeCos [positions, headDim / 2]
     * @param ropeSin [positions, headDim / 2]
     * @throws NativeException if the memory cannot be had
     */
    public FfmRetrievalPool(NativeLibrary library, Shape shape, int positions, float[] ropeCos, float[] ropeSin) {
        this.shape = shape;
        this.setAppend = library.function("ctx_retrieval_append_set", JAVA_INT, JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS);
        this.setSelect = library.function(
                "ctx_retrieval_select_set",
                JAVA_INT,
                JAVA_LONG,
                JAVA_INT,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS);
        this.stride = library.function("ctx_selection_stride", JAVA_INT, JAVA_LONG);
        this.counts = library.function("ctx_selection_counts", ADDRESS, JAVA_LONG);
        this.positions = library.function("ctx_selection_positions", ADDRESS, JAVA_LONG);
        this.mass = library.function("ctx_selection_mass", ADDRESS, JAVA_LONG);
        this.copy = library.function("ctx_retrieval_copy", JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT);
        NativeFunction create = library.function(
                "ctx_retrieval_create",
                JAVA_LONG,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                ADDRESS,
                ADDRESS);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cos = arena.allocateFrom(JAVA_FLOAT, ropeCos);
            MemorySegment sin = arena.allocateFrom(JAVA_FLOAT, ropeSin);
            this.id = create.id(handle -> (long) handle.invokeExact(
                    shape.groups,
                    shape.kvHeads,
                    shape.queryHeads,
                    shape.headDim,
                    shape.pageTokens,
                    shape.pages,
                    positions,
                    cos,
                    sin));
        }
        this.object = new NativeObject(id, library.function("ctx_retrieval_destroy", JAVA_INT, JAVA_LONG));
        this.bytes = library.function("ctx_retrieval_bytes", JAVA_LONG, JAVA_LONG)
                .size(handle -> (long) handle.invokeExact(id));
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
    public void setAppend(int[] rowPositions, long[] slots) {
        memory.begin();
        MemorySegment at = memory.put(rowPositions);
        MemorySegment to = memory.put(slots);
        setAppend.run(handle -> (int) handle.invokeExact(id, slots.length, at, to));
    }

    @Override
    public void setSelect(SelectStep step) {
        memory.begin();
        MemorySegment rowPositions = memory.put(step.positions());
        MemorySegment queryOffsets = memory.put(step.queryOffsets());
        MemorySegment queryPositions = memory.put(step.queryPositions());
        MemorySegment pageOffsets = memory.put(step.pageOffsets());
        MemorySegment pages = memory.put(step.pages());
        MemorySegment rules = memory.put(SelectionRules.flat(step.rules()));
        MemorySegment blockOffsets = memory.put(step.blockOffsets());
        MemorySegment blockEnds = memory.put(step.blockEnds());
        setSelect.run(handle -> (int) handle.invokeExact(
                id,
                step.rows(),
                rowPositions,
                queryOffsets,
                queryPositions,
                pageOffsets,
                pages,
                rules,
                blockOffsets,
                blockEnds));
        rows = step.rows();
        selections++;
    }

    @Override
    public SelectionMatrix selection() {
        int lists = rows * shape.groups * shape.kvHeads;
        int width = stride.number(handle -> (int) handle.invokeExact(id));
        return new SelectionMatrix(
                rows,
                shape.groups,
                shape.kvHeads,
                width,
                read(counts, lists).toArray(JAVA_INT),
                read(positions, (long) lists * width).toArray(JAVA_INT),
                read(mass, lists).toArray(JAVA_FLOAT));
    }

    /** The same where the library leaves positions on a device. */
    DeviceSelection deviceSelection(int[] places, int[] owners) {
        int lists = rows * shape.groups * shape.kvHeads;
        long made = selections;
        return DeviceSelection.of(new DeviceSelection.Made(
                id,
                places,
                owners,
                read(counts, lists).toArray(JAVA_INT),
                read(mass, lists).toArray(JAVA_FLOAT),
                () -> {
                    if (selections != made) {
                        throw new IllegalStateException("another selection was made since");
                    }
                    return selection();
                }));
    }

    /** So many numbers of four bytes. */
    private MemorySegment read(NativeFunction array, long count) {
        return array.array(handle -> (MemorySegment) handle.invokeExact(id)).reinterpret(count * Integer.BYTES);
    }

    @Override
    public void copyPage(int fromPage, int toPage, int slots) {
        copy.run(handle -> (int) handle.invokeExact(id, fromPage, toPage, slots));
    }

    @Override
    public void close() {
        object.close();
    }
}
