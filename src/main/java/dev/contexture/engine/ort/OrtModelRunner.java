package dev.contexture.engine.ort;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.contexture.engine.ModelRunException;
import dev.contexture.engine.ModelRunner;
import dev.contexture.model.graph.CompiledModel;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Runs the compiled graph on ONNX Runtime's CPU provider. Inputs and logits live in direct buffers that are reused
 * between calls; KV never crosses this class.
 */
public final class OrtModelRunner implements ModelRunner {
    private final OrtEnvironment environment;
    private final OrtSession.SessionOptions options;
    private final OrtSession session;
    private final OnnxTensor step;
    private final int vocabularySize;
    private LongBuffer tokenBuffer = longs(512);
    private LongBuffer rowBuffer = longs(64);
    private ByteBuffer logitBuffer;

    /**
     * @param library the native library with the custom ops: the very path through which the KV pool was made
     * @param poolId the KV pool that the attention ops work on
     * @param threads of the products and the attention, the calling thread included
     */
    public OrtModelRunner(CompiledModel model, Path library, long poolId, int threads) {
        this.vocabularySize = model.config().vocabulary();
        this.logitBuffer = direct(vocabularySize * Float.BYTES);
        try {
            this.environment = DeepStack.call(OrtEnvironment::getEnvironment);
            this.options = options(library, threads);
            this.session =
                    DeepStack.call(() -> environment.createSession(model.graph().toString(), options));
            LongBuffer id = longs(1).put(0, poolId);
            this.step = OnnxTensor.createTensor(environment, id, new long[] {1});
        } catch (OrtException e) {
            throw new ModelRunException("ONNX Runtime cannot load " + model.graph() + ": " + e.getMessage(), e);
        }
    }

    private static OrtSession.SessionOptions options(Path library, int threads) throws OrtException {
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

    @Override
    public FloatBuffer run(int[] tokenIds, int[] logitRows) {
        tokenBuffer = fill(tokenBuffer, tokenIds);
        rowBuffer = fill(rowBuffer, logitRows);
        int logitBytes = Math.multiplyExact(Math.multiplyExact(logitRows.length, vocabularySize), Float.BYTES);
        if (logitBuffer.capacity() < logitBytes) {
            logitBuffer = direct(logitBytes);
        }
        FloatBuffer logits =
                logitBuffer.slice(0, logitBytes).order(ByteOrder.nativeOrder()).asFloatBuffer();
        try (OnnxTensor tokens = OnnxTensor.createTensor(environment, tokenBuffer, new long[] {tokenIds.length});
                OnnxTensor rows = OnnxTensor.createTensor(environment, rowBuffer, new long[] {logitRows.length})) {
            Map<String, OnnxTensor> inputs = HashMap.newHashMap(3);
            inputs.put(CompiledModel.INPUT_IDS, tokens);
            inputs.put(CompiledModel.STEP, step);
            inputs.put(CompiledModel.LOGIT_ROWS, rows);
            if (logitRows.length == 0) {
                session.run(inputs).close();
            } else {
                runInto(inputs, logits, logitRows.length);
            }
        } catch (OrtException e) {
            throw new ModelRunException("the model run failed: " + e.getMessage(), e);
        }
        return logits;
    }

    private void runInto(Map<String, OnnxTensor> inputs, FloatBuffer logits, int rows) throws OrtException {
        try (OnnxTensor output = OnnxTensor.createTensor(environment, logits, new long[] {rows, vocabularySize});
                OrtSession.Result result =
                        session.run(inputs, Set.of(), Map.<String, OnnxValue>of(CompiledModel.LOGITS, output))) {
            if (result.size() != 1) {
                throw new IllegalStateException("the graph has " + result.size() + " outputs instead of one");
            }
        }
    }

    private static LongBuffer fill(LongBuffer buffer, int[] values) {
        LongBuffer target = buffer.capacity() < values.length ? longs(2 * values.length) : buffer;
        target.clear();
        for (int value : values) {
            target.put(value);
        }
        return target.flip();
    }

    private static LongBuffer longs(int count) {
        return direct(count * Long.BYTES).asLongBuffer();
    }

    private static ByteBuffer direct(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    }

    @Override
    public int vocabularySize() {
        return vocabularySize;
    }

    @Override
    public void close() {
        @Nullable Exception failure = null;
        for (AutoCloseable each : new AutoCloseable[] {step, session, options}) {
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
