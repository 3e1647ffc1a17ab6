package dev.contexture.nativelib;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.contexture.core.KvGeometry;
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
    private final int headDim;
    private MemorySegment stepBuffer;
    private boolean closed;

    /**
     * @throws NativeException if the memory cannot be had
     */
    public FfmKvPool(NativeLibrary library, KvGeometry geometry, int pages) {
        this.library = library;
        this.headDim = geometry.headDim();
        this.setStep =
                library.function("ctx_step_set", JAVA_INT, JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS);
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
        this.stepBuffer = Arena.ofAuto().allocate(JAVA_INT, 4096);
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
        long ints = (long) 2 * sequences + pageOffsets.length + pages.length;
        if (stepBuffer.byteSize() < ints * Integer.BYTES) {
            stepBuffer = Arena.ofAuto().allocate(JAVA_INT, 2 * ints);
        }
        long offset = 0;
        MemorySegment query = put(queryLengths, offset);
        MemorySegment context = put(contextLengths, offset += (long) sequences * Integer.BYTES);
        MemorySegment offsets = put(pageOffsets, offset += (long) sequences * Integer.BYTES);
        MemorySegment table = put(pages, offset + (long) pageOffsets.length * Integer.BYTES);
        int status;
        try {
            status = (int) setStep.invokeExact(id, sequences, query, context, offsets, table);
        } catch (Throwable e) {
            throw new NativeException("ctx_step_set cannot be called", e);
        }
        if (status != 0) {
            throw library.failure();
        }
    }

    private MemorySegment put(int[] values, long offset) {
        MemorySegment target = stepBuffer.asSlice(offset, (long) values.length * Integer.BYTES);
        MemorySegment.copy(values, 0, target, JAVA_INT, 0, values.length);
        return target;
    }

    /** One slot's key or value of one head: [headDim]. For tests and audits. */
    public float[] read(int layer, int page, int slotInPage, int kvHead, boolean value) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_FLOAT, headDim);
            int status = (int) read.invokeExact(id, layer, page, slotInPage, kvHead, value ? 1 : 0, out);
            if (status != 0) {
                throw library.failure();
            }
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
            int status = (int) destroy.invokeExact(id);
            if (status != 0) {
                throw library.failure();
            }
        } catch (NativeException e) {
            throw e;
        } catch (Throwable e) {
            throw new NativeException("ctx_pool_destroy cannot be called", e);
        }
    }
}
