package dev.contexture.nativelib;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.contexture.core.SelectionMatrix;
import java.lang.foreign.MemorySegment;

/** {@link NativeDescriptors} over the C interface. */
public final class FfmDescriptors implements NativeDescriptors {
    /** The library's CTX_NO_ROOM. */
    private static final int NO_ROOM = -4;

    private final NativeObject object;
    private final Shape shape;
    private final int kvHeads;
    private final long id;
    private final NativeFunction bytes;
    private final NativeFunction begin;
    private final NativeFunction end;
    private final NativeFunction describe;
    private final NativeFunction select;
    private final CallMemory memory = new CallMemory();

    /** What describes a piece; the order is the native library's. */
    public enum Kind {
        /** The smallest and the largest key of at most 16 tokens, which bound any score in them (Quest). */
        MIN_MAX,
        /** The mean key of a block. */
        MEAN
    }

    /**
     * What is described and how.
     *
     * @param queryHeads of the model, a multiple of its KV heads
     * @param groups of layers that share a selection
     * @param window tokens that a query sees; 0: all
     * @param chunks room of the store, {@link #CHUNK_PIECES} each
     */
    public record Shape(Kind kind, int queryHeads, int groups, int window, int chunks) {
        /** Of each layer and KV head. */
        public static final int CHUNK_PIECES = 32;

        /** Of one chunk: one or two rows of 16-bit values per piece, layer and KV head, padded to 16 values. */
        public static long chunkBytes(Kind kind, int layers, int kvHeads, int headDim) {
            long row = Math.ceilDiv(headDim, 16) * 16L * Short.BYTES;
            return (long) layers * kvHeads * CHUNK_PIECES * (kind == Kind.MIN_MAX ? 2 * row : row);
        }
    }

    /**
     * @param pool whose keys are described
     * @param kvHeads of that pool
     * @throws NativeException if the memory cannot be had
     */
    public FfmDescriptors(NativeLibrary library, NativeKvPool pool, int kvHeads, Shape shape) {
        this.shape = shape;
        this.kvHeads = kvHeads;
        this.bytes = library.function("ctx_descriptors_bytes", JAVA_LONG, JAVA_LONG);
        this.begin = library.function("ctx_descriptors_begin", JAVA_LONG, JAVA_LONG);
        this.end = library.function("ctx_descriptors_end", JAVA_INT, JAVA_LONG, JAVA_LONG);
        this.describe = library.function(
                "ctx_descriptors_describe", JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS);
        this.select = library.function(
                "ctx_descriptors_select",
                JAVA_INT,
                JAVA_LONG,
                JAVA_INT,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                ADDRESS,
                JAVA_INT,
                ADDRESS,
                ADDRESS,
                ADDRESS);
        NativeFunction create = library.function(
                "ctx_descriptors_create", JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
        this.id = create.id(handle -> (long) handle.invokeExact(
                pool.id(), shape.kind.ordinal(), shape.queryHeads, shape.groups, shape.window, shape.chunks));
        this.object = new NativeObject(id, library.function("ctx_descriptors_destroy", JAVA_INT, JAVA_LONG));
    }

    @Override
    public long bytes() {
        return bytes.size(handle -> (long) handle.invokeExact(id));
    }

    @Override
    public long begin() {
        return begin.id(handle -> (long) handle.invokeExact(id));
    }

    /** With the store all its sequences have ended. */
    @Override
    public void end(long sequence) {
        if (!object.isClosed()) {
            end.run(handle -> (int) handle.invokeExact(id, sequence));
        }
    }

    @Override
    public boolean describe(long sequence, int[] pages, int[] blockEnds) {
        memory.begin();
        MemorySegment table = memory.put(pages);
        MemorySegment ends = memory.put(blockEnds);
        return describe.run(
                NO_ROOM, handle -> (int) handle.invokeExact(id, sequence, pages.length, table, blockEnds.length, ends));
    }

    @Override
    public SelectionMatrix select(DescriptorStep step) {
        int rows = step.rows();
        int stride = step.stride();
        long lists = (long) rows * shape.groups * kvHeads;
        memory.begin();
        MemorySegment sequences = memory.put(step.sequences());
        MemorySegment positions = memory.put(step.positions());
        MemorySegment rules = memory.put(SelectionRules.flat(step.rules()));
        MemorySegment queries = memory.put(step.queries());
        MemorySegment counts = memory.room(lists * Integer.BYTES);
        MemorySegment chosen = memory.room(lists * stride * Integer.BYTES);
        MemorySegment mass = memory.room(lists * Float.BYTES);
        select.run(handle ->
                (int) handle.invokeExact(id, rows, sequences, positions, rules, queries, stride, counts, chosen, mass));
        return new SelectionMatrix(
                rows,
                shape.groups,
                kvHeads,
                stride,
                counts.toArray(JAVA_INT),
                chosen.toArray(JAVA_INT),
                mass.toArray(JAVA_FLOAT));
    }

    @Override
    public void close() {
        object.close();
    }
}
