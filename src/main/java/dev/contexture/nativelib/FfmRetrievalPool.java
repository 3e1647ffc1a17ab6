package dev.contexture.nativelib;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.contexture.core.SelectionMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** {@link NativeRetrievalPool} over the C interface. */
public final class FfmRetrievalPool implements NativeRetrievalPool {
    private final NativeLibrary library;
    private final Shape shape;
    private final long id;
    private final long bytes;
    private final MethodHandle setAppend;
    private final MethodHandle setSelect;
    private final MethodHandle stride;
    private final MethodHandle counts;
    private final MethodHandle positions;
    private final MethodHandle mass;
    private final MethodHandle copy;
    private final MethodHandle destroy;
    private final IntScratch scratch = new IntScratch();
    private MemorySegment slotMemory = Arena.ofAuto().allocate(JAVA_LONG, 1024);
    private int rows;
    private boolean closed;

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
        this.library = library;
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
        this.destroy = library.function("ctx_retrieval_destroy", JAVA_INT, JAVA_LONG);
        MethodHandle create = library.function(
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
        MethodHandle bytesOf = library.function("ctx_retrieval_bytes", JAVA_LONG, JAVA_LONG);
        try (Arena arena = Arena.ofConfined()) {
            this.id = (long) create.invokeExact(
                    shape.groups,
                    shape.kvHeads,
                    shape.queryHeads,
                    shape.headDim,
                    shape.pageTokens,
                    shape.pages,
                    positions,
                    arena.allocateFrom(JAVA_FLOAT, ropeCos),
                    arena.allocateFrom(JAVA_FLOAT, ropeSin));
            if (id == 0) {
                throw library.failure();
            }
            this.bytes = (long) bytesOf.invokeExact(id);
        } catch (NativeException e) {
            throw e;
        } catch (Throwable e) {
            throw new NativeException("the retrieval pool cannot be made", e);
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
    public void setAppend(int[] rowPositions, long[] slots) {
        if (slotMemory.byteSize() < (long) slots.length * Long.BYTES) {
            slotMemory = Arena.ofAuto().allocate(JAVA_LONG, 2L * slots.length);
        }
        MemorySegment.copy(slots, 0, slotMemory, JAVA_LONG, 0, slots.length);
        MemorySegment at = scratch.begin(rowPositions.length).put(rowPositions);
        try {
            check((int) setAppend.invokeExact(id, slots.length, at, slotMemory));
        } catch (NativeException e) {
            throw e;
        } catch (Throwable e) {
            throw new NativeException("ctx_retrieval_append_set cannot be called", e);
        }
    }

    @Override
    public void setSelect(SelectStep step) {
        int[] rules = SelectionRules.flat(step.rules());
        scratch.begin((long) step.positions().length
                + step.queryOffsets().length
                + step.queryPositions().length
                + step.pageOffsets().length
                + step.pages().length
                + rules.length
                + step.blockOffsets().length
                + step.blockEnds().length);
        MemorySegment rowPositions = scratch.put(step.positions());
        MemorySegment queryOffsets = scratch.put(step.queryOffsets());
        MemorySegment queryPositions = scratch.put(step.queryPositions());
        MemorySegment pageOffsets = scratch.put(step.pageOffsets());
        MemorySegment pages = scratch.put(step.pages());
        MemorySegment ruleInts = scratch.put(rules);
        MemorySegment blockOffsets = scratch.put(step.blockOffsets());
        MemorySegment blockEnds = scratch.put(step.blockEnds());
        try {
            check((int) setSelect.invokeExact(
                    id,
                    step.rows(),
                    rowPositions,
                    queryOffsets,
                    queryPositions,
                    pageOffsets,
                    pages,
                    ruleInts,
                    blockOffsets,
                    blockEnds));
        } catch (NativeException e) {
            throw e;
        } catch (Throwable e) {
            throw new NativeException("ctx_retrieval_select_set cannot be called", e);
        }
        rows = step.rows();
    }

    @Override
    public SelectionMatrix selection() {
        int lists = rows * shape.groups * shape.kvHeads;
        try {
            int width = (int) stride.invokeExact(id);
            return new SelectionMatrix(
                    rows,
                    shape.groups,
                    shape.kvHeads,
                    width,
                    ints((MemorySegment) counts.invokeExact(id), lists),
                    ints((MemorySegment) positions.invokeExact(id), (long) lists * width),
                    ((MemorySegment) mass.invokeExact(id))
                            .reinterpret((long) lists * Float.BYTES)
                            .toArray(JAVA_FLOAT));
        } catch (Throwable e) {
            throw new NativeException("the selection cannot be read", e);
        }
    }

    private static int[] ints(MemorySegment segment, long count) {
        return segment.reinterpret(count * Integer.BYTES).toArray(JAVA_INT);
    }

    @Override
    public void copyPage(int fromPage, int toPage, int slots) {
        try {
            check((int) copy.invokeExact(id, fromPage, toPage, slots));
        } catch (NativeException e) {
            throw e;
        } catch (Throwable e) {
            throw new NativeException("ctx_retrieval_copy cannot be called", e);
        }
    }

    private void check(int status) {
        if (status != 0) {
            throw library.failure();
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
            throw new NativeException("ctx_retrieval_destroy cannot be called", e);
        }
    }
}
