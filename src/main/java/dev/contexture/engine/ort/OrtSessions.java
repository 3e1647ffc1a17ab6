package dev.contexture.engine.ort;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.contexture.engine.ModelRunException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/** Sessions of our graphs, all with the same options, and the direct buffers that feed them. */
final class OrtSessions {
    private OrtSessions() {}

    static OrtEnvironment environment() throws OrtException {
        return DeepStack.call(OrtEnvironment::getEnvironment, processWide -> {});
    }

    /**
     * @param library the native library with the custom ops: the very path through which the pools were made
     * @param threads of the products and our ops, the calling thread included
     */
    static OrtSession.SessionOptions options(Path library, int threads) throws OrtException {
        OrtSession.SessionOptions options = new OrtSession.SessionOptions();
        options.registerCustomOpLibrary(library.toString());
        options.setIntraOpNumThreads(threads);
        options.setInterOpNumThreads(1);
        options.setExecutionMode(OrtSession.SessionOptions.ExecutionMode.SEQUENTIAL);
        options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
        // Steps follow each other without a pause under load; between requests the threads must sleep.
        options.addConfigEntry("session.force_spinning_stop", "1");
        return options;
    }

    /** Closes the options where there is no session of them. */
    static OrtSession open(OrtEnvironment environment, Path graph, OrtSession.SessionOptions options)
            throws OrtException {
        return open(options, () -> environment.createSession(graph.toString(), options));
    }

    /** Closes the options where there is no session of them. */
    static OrtSession open(OrtEnvironment environment, byte[] graph, OrtSession.SessionOptions options)
            throws OrtException {
        return open(options, () -> environment.createSession(graph, options));
    }

    private static OrtSession open(OrtSession.SessionOptions options, Callable<OrtSession> creation)
            throws OrtException {
        return DeepStack.call(
                () -> {
                    try {
                        return creation.call();
                    } catch (Throwable e) {
                        options.close();
                        throw e;
                    }
                },
                session -> close(session, options));
    }

    /** The tensor by which an op finds a pool of the native library. */
    static OnnxTensor id(OrtEnvironment environment, long id) throws OrtException {
        return OnnxTensor.createTensor(environment, longs(1).put(0, id), new long[] {1});
    }

    /** The values in {@code buffer}, or in a larger one if they do not fit. */
    static LongBuffer fill(LongBuffer buffer, int[] values) {
        LongBuffer target = buffer.capacity() < values.length ? longs(2 * values.length) : buffer;
        target.clear();
        for (int value : values) {
            target.put(value);
        }
        return target.flip();
    }

    static LongBuffer longs(int count) {
        return direct(count * Long.BYTES).asLongBuffer();
    }

    static ByteBuffer direct(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    }

    /** The first {@code floats} numbers of a buffer. */
    static FloatBuffer floats(ByteBuffer buffer, int floats) {
        return buffer.slice(0, floats * Float.BYTES)
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
    }

    static ByteBuffer atLeast(ByteBuffer buffer, long floats) {
        long bytes = Math.multiplyExact(floats, (long) Float.BYTES);
        return buffer.capacity() < bytes ? direct(Math.toIntExact(bytes)) : buffer;
    }

    static void close(AutoCloseable... parts) {
        @Nullable Exception failure = null;
        for (AutoCloseable each : parts) {
            try {
                each.close();
            } catch (Exception e) {
                failure = e;
            }
        }
        if (failure != null) {
            throw new ModelRunException("ONNX Runtime did not close cleanly: " + failure.getMessage(), failure);
        }
    }
}
