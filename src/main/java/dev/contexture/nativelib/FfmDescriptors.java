package dev.contexture.nativelib;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.contexture.core.SelectionMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** {@link NativeDescriptors} over the C interface. */
public final class FfmDescriptors implements NativeDescriptors {
    /** The library's CTX_NO_ROOM. */
    private static final int NO_ROOM = -4;

    private final NativeLibrary library;
    private final Shape shape;
    private final int kvHeads;
    private final long id;
    private final MethodHandle bytes;
    private final MethodHandle begin;
    private final MethodHandle end;
    private final MethodHandle describe;
    private final MethodHandle select;
    private final MethodHandle destroy;
    private final IntScratch scratch = new IntScratch();
    private MemorySegment memory = MemorySegment.NULL;
    private boolean closed;

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
     * @param chunks room of the store, 32 pieces each
     */
    public record Shape(Kind kind, int queryHeads, int groups, int window, int chunks) {}

    /**
     * @param pool whose keys are described
     * @param kvHeads of that pool
     * @throws NativeException if the memory cannot be had
     */
    public FfmDescriptors(NativeLibrary library, NativeKvPool pool, int kvHeads, Shape shape) {
        this.library = library;
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
        this.destroy = library.function("ctx_descriptors_destroy", JAVA_INT, JAVA_LONG);
        MethodHandle create = library.function(
                "ctx_descriptors_create", JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
        try {
            this.id = (long) create.invokeExact(
                    pool.id(), shape.kind.ordinal(), shape.queryHeads, shape.groups, shape.window, shape.chunks);
            if (id == 0) {
                throw library.failure();
            }
        } catch (NativeException e) {
            throw e;
        } catch (Throwable e) {
            throw new NativeException("the descriptors cannot be made", e);
        }
    }

    @Override
    public long bytes() {
        try {
            return (long) bytes.invokeExact(id);
        } catch (Throwable e) {
            throw new NativeException("ctx_descriptors_bytes cannot be called", e);
        }
    }

    @Override
    public long begin() {
        try {
            long sequence = (long) begin.invokeExact(id);
            if (sequence == 0) {
                throw library.failure();
            }
            return sequence;
        } catch (NativeException e) {
            throw e;
        } catch (Throwable e) {
            throw new NativeException("ctx_descriptors_begin cannot be called", e);
        }
    }

    /** With the store all its sequences have ended. */
    @Override
    public void end(long sequence) {
        if (closed) {
            return;
        }
        try {
            check((int) end.invokeExact(id, sequence));
        } catch (NativeException e) {
            throw e;
        } catch (Throwable e) {
            throw new NativeException("ctx_descriptors_end cannot be called", e);
        }
    }

    @Override
    public boolean describe(long sequence, int[] pages, int[] blockEnds) {
        scratch.begin((long) pages.length + blockEnds.length);
        MemorySegment table = scratch.put(pages);
        MemorySegment ends = scratch.put(blockEnds);
        try {
            int status = (int) describe.invokeExact(id, sequence, pages.length, table, blockEnds.length, ends);
            if (status == NO_ROOM) {
                return false;
            }
            check(status);
            return true;
        } catch (NativeException e) {
            throw e;
        } catch (Throwable e) {
            throw new NativeException("ctx_descriptors_describe cannot be called", e);
        }
    }

    @Override
    public SelectionMatrix select(DescriptorStep step) {
        int rows = step.rows();
        int stride = step.stride();
        int lists = rows * shape.groups * kvHeads;
        int[] rules = SelectionRules.flat(step.rules());
        scratch.begin((long) rows + rules.length);
        MemorySegment positions = scratch.put(step.positions());
        MemorySegment ruleInts = scratch.put(rules);
        Layout layout = new Layout(step, lists, stride);
        try {
            check((int) select.invokeExact(
                    id,
                    rows,
                    layout.sequences,
                    positions,
                    ruleInts,
                    layout.queries,
                    stride,
                    layout.counts,
                    layout.chosen,
                    layout.mass));
            return new SelectionMatrix(
                    rows,
                    shape.groups,
                    kvHeads,
                    stride,
                    layout.counts.toArray(JAVA_INT),
                    layout.chosen.toArray(JAVA_INT),
                    layout.mass.toArray(JAVA_FLOAT));
        } catch (NativeException e) {
            throw e;
        } catch (Throwable e) {
            throw new NativeException("ctx_descriptors_select cannot be called", e);
        }
    }

    /** A call's larger arrays in memory that grows to the largest call seen. */
    private final class Layout {
        private final MemorySegment sequences;
        private final MemorySegment queries;
        private final MemorySegment counts;
        private final MemorySegment chosen;
        private final MemorySegment mass;
        private long used;

        private Layout(DescriptorStep step, int lists, int stride) {
            long queryBytes = step.queries().stream().mapToLong(q -> q.length).sum() * Float.BYTES;
            long listBytes = (long) lists * Integer.BYTES;
            long sequenceBytes = (long) step.rows() * Long.BYTES;
            long needed = sequenceBytes + queryBytes + 2 * listBytes + listBytes * stride;
            if (memory.byteSize() < needed) {
                memory = Arena.ofAuto().allocate(2 * needed, Long.BYTES);
            }
            sequences = next(sequenceBytes);
            MemorySegment.copy(step.sequences(), 0, sequences, JAVA_LONG, 0, step.rows());
            queries = next(queryBytes);
            long at = 0;
            for (float[] query : step.queries()) {
                MemorySegment.copy(query, 0, queries, JAVA_FLOAT, at, query.length);
                at += (long) query.length * Float.BYTES;
            }
            counts = next(listBytes);
            mass = next(listBytes);
            chosen = next(listBytes * stride);
        }

        private MemorySegment next(long bytesOfPart) {
            MemorySegment part = memory.asSlice(used, bytesOfPart);
            used += bytesOfPart;
            return part;
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
            throw new NativeException("ctx_descriptors_destroy cannot be called", e);
        }
    }
}
