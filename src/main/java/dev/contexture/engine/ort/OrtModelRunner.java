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
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Runs the compiled graph on ONNX Runtime's CPU provider. Inputs and outputs live in direct buffers that are reused
 * between calls; KV never crosses this class.
 */
public final class OrtModelRunner implements ModelRunner {
    private final OrtEnvironment environment;
    private final OrtSession.SessionOptions options;
    private final OrtSession session;
    private final OnnxTensor step;
    private final int vocabularySize;
    private final int featureWidth;
    private LongBuffer tokenBuffer = OrtSessions.longs(512);
    private LongBuffer rowBuffer = OrtSessions.longs(64);
    private ByteBuffer logitBuffer = OrtSessions.direct(0);
    private ByteBuffer featureBuffer = OrtSessions.direct(0);
    private FloatBuffer features = FloatBuffer.allocate(0);

    /**
     * @param library the native library with the custom ops: the very path through which the KV pool was made
     * @param poolId the KV pool that the attention ops work on
     * @param threads of the products and the attention, the calling thread included
     */
    public OrtModelRunner(CompiledModel model, Path library, long poolId, int threads) {
        this.vocabularySize = model.config().vocabulary();
        this.featureWidth =
                model.head().map(head -> head.config().featureWidth()).orElse(0);
        try {
            this.environment = OrtSessions.environment();
            this.options = OrtSessions.options(library, threads);
            this.session = OrtSessions.open(environment, model.graph(), options);
            this.step = OrtSessions.id(environment, poolId);
        } catch (OrtException e) {
            throw new ModelRunException("ONNX Runtime cannot load " + model.graph() + ": " + e.getMessage(), e);
        }
    }

    @Override
    public FloatBuffer run(int[] tokenIds, int[] logitRows) {
        tokenBuffer = OrtSessions.fill(tokenBuffer, tokenIds);
        rowBuffer = OrtSessions.fill(rowBuffer, logitRows);
        int rows = tokenIds.length;
        int wanted = logitRows.length;
        logitBuffer = OrtSessions.atLeast(logitBuffer, (long) wanted * vocabularySize);
        featureBuffer = OrtSessions.atLeast(featureBuffer, (long) rows * featureWidth);
        FloatBuffer logits = OrtSessions.floats(logitBuffer, wanted * vocabularySize);
        features = OrtSessions.floats(featureBuffer, rows * featureWidth);
        try (OnnxTensor tokens = OnnxTensor.createTensor(environment, tokenBuffer, new long[] {rows});
                OnnxTensor wantedRows = OnnxTensor.createTensor(environment, rowBuffer, new long[] {wanted})) {
            Map<String, OnnxTensor> inputs = HashMap.newHashMap(3);
            inputs.put(CompiledModel.INPUT_IDS, tokens);
            inputs.put(CompiledModel.STEP, step);
            inputs.put(CompiledModel.LOGIT_ROWS, wantedRows);
            runInto(inputs, logits, wanted, rows);
        } catch (OrtException e) {
            throw new ModelRunException("the model run failed: " + e.getMessage(), e);
        }
        return logits;
    }

    /** An empty tensor cannot be pinned: without wanted rows the logits are an output that nobody reads. */
    private void runInto(Map<String, OnnxTensor> inputs, FloatBuffer logits, int wanted, int rows) throws OrtException {
        Map<String, OnnxValue> pinned = HashMap.newHashMap(2);
        try {
            if (wanted > 0) {
                pinned.put(
                        CompiledModel.LOGITS,
                        OnnxTensor.createTensor(environment, logits, new long[] {wanted, vocabularySize}));
            }
            if (featureWidth > 0) {
                pinned.put(
                        CompiledModel.FEATURES,
                        OnnxTensor.createTensor(environment, features, new long[] {rows, featureWidth}));
            }
            Set<String> unpinned = wanted > 0 ? Set.of() : Set.of(CompiledModel.LOGITS);
            try (OrtSession.Result result = session.run(inputs, unpinned, pinned)) {
                if (result.size() != pinned.size() + unpinned.size()) {
                    throw new IllegalStateException("the graph gave " + result.size() + " outputs");
                }
            }
        } finally {
            pinned.values().forEach(OnnxValue::close);
        }
    }

    @Override
    public FloatBuffer features() {
        return features;
    }

    @Override
    public int vocabularySize() {
        return vocabularySize;
    }

    @Override
    public void close() {
        OrtSessions.close(step, session, options);
    }
}
