package dev.contexture.nativelib;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;

/** A compiled graph on a CUDA device, run by the native library itself: see kernels/cuda/bound_session.h. Used by one thread only. */
public final class FfmBoundSession implements NativeSampler, AutoCloseable {
    private final long id;
    private final NativeObject object;
    private final NativeFunction run;
    private final NativeFunction logits;
    private final NativeFunction sample;

    /**
     * @param library for CUDA devices, which ONNX Runtime has registered before
     * @param poolId of the KV pool
     * @param features numbers of a row's features, which stay on the device; 0: the graph gives none
     * @throws NativeException if the graph cannot be loaded
     */
    public FfmBoundSession(NativeLibrary library, Path graph, long poolId, int vocabulary, int features) {
        this.run = library.function("ctx_session_run", JAVA_INT, JAVA_LONG, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT);
        this.logits = library.function("ctx_session_logits", ADDRESS, JAVA_LONG);
        this.sample = library.function(
                "ctx_session_sample",
                ADDRESS,
                JAVA_LONG,
                JAVA_INT,
                ADDRESS,
                JAVA_INT,
                ADDRESS,
                JAVA_INT,
                ADDRESS,
                JAVA_INT);
        NativeFunction create =
                library.function("ctx_session_create", JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment graphPath = arena.allocateFrom(graph.toAbsolutePath().toString());
            MemorySegment libraryPath = arena.allocateFrom(library.path().toString());
            this.id = create.id(handle ->
                    (long) handle.invokeExact(graphPath, libraryPath, poolId, (long) vocabulary, (long) features));
        }
        this.object = new NativeObject(id, library.function("ctx_session_destroy", JAVA_INT, JAVA_LONG));
    }

    long id() {
        return id;
    }

    /**
     * Runs the pool's step.
     *
     * @param tokens [rows], direct
     * @param wanted rows whose logits are wanted, ascending, direct
     * @throws NativeException if the run failed
     */
    public void run(LongBuffer tokens, LongBuffer wanted) {
        MemorySegment ids = MemorySegment.ofBuffer(tokens);
        MemorySegment rows = MemorySegment.ofBuffer(wanted);
        int tokenCount = tokens.remaining();
        int wantedCount = wanted.remaining();
        run.run(handle -> (int) handle.invokeExact(id, ids, tokenCount, rows, wantedCount));
    }

    /**
     * The first so many numbers of the last run's logits, [wanted, vocabulary]; the first call copies them into memory of the
     * library, where they lie until the next run.
     */
    public FloatBuffer logits(int count) {
        return count == 0
                ? FloatBuffer.allocate(0)
                : logits.array(handle -> (MemorySegment) handle.invokeExact(id))
                        .reinterpret((long) count * Float.BYTES)
                        .asByteBuffer()
                        .order(ByteOrder.nativeOrder())
                        .asFloatBuffer();
    }

    @Override
    public DrawnTokens draw(DrawRequest request, int tokens) {
        int rowCount = request.rowCount();
        int changeCount = request.changeCount();
        MemorySegment rows = request.rows();
        MemorySegment changes = request.changes();
        int maskCount = request.maskCount();
        MemorySegment masks = request.masks();
        return new DrawnTokens(sample.array(handle -> (MemorySegment)
                        handle.invokeExact(id, tokens, rows, rowCount, changes, changeCount, masks, maskCount))
                .reinterpret((long) rowCount * DrawnTokens.ROW_BYTES)
                .asByteBuffer());
    }

    @Override
    public void close() {
        object.close();
    }
}
