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
import java.util.HashSet;
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
    private FloatBuffer logits = FloatBuffer.allocate(0);
    private FloatBuffer features = FloatBuffer.allocate(0);

    /**
     * @param library the native library with the custom ops: the very path through which the KV pool was made
     * @param poolId the KV pool that the attention ops work on
     * @param threads of the products and the attention, the calling thread included
     */
    public OrtModelRunner(CompiledModel model, Path library, long poolId, int threads) {
        this.vocabularySize = model.config().vocabulary();
        this.featureWidth = model.featureWidth();
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
    public void run(int[] tokenIds, int[] logitRows) {
        tokenBuffer = OrtSessions.fill(tokenBuffer, tokenIds);
        rowBuffer = OrtSessions.fill(rowBuffer, logitRows);
        int wanted = logitRows.length;
        logitBuffer = OrtSessions.atLeast(logitBuffer, (long) wanted * vocabularySize);
        logits = OrtSessions.floats(logitBuffer, wanted * vocabularySize);
        Map<String, OnnxTensor> inputs = HashMap.newHashMap(3);
        Map<String, OnnxValue> pinned = HashMap.newHashMap(2);
        try {
            inputs.put(CompiledModel.INPUT_IDS, tensor(tokenBuffer, tokenIds.length));
            inputs.put(CompiledModel.LOGIT_ROWS, tensor(rowBuffer, wanted));
            if (wanted > 0) { // an empty tensor cannot be pinned
                pinned.put(
                        CompiledModel.LOGITS,
                        OnnxTensor.createTensor(environment, logits, new long[] {wanted, vocabularySize}));
            }
            if (featureWidth > 0) {
                int rows = tokenIds.length;
                featureBuffer = OrtSessions.atLeast(featureBuffer, (long) rows * featureWidth);
                features = OrtSessions.floats(featureBuffer, rows * featureWidth);
                pinned.put(
                        CompiledModel.FEATURES,
                        OnnxTensor.createTensor(environment, features, new long[] {rows, featureWidth}));
            }
            run(inputs, pinned);
        } catch (OrtException e) {
            throw new ModelRunException("the model run failed: " + e.getMessage(), e);
        } finally {
            inputs.values().forEach(OnnxTensor::close);
            pinned.values().forEach(OnnxValue::close);
        }
    }

    private OnnxTensor tensor(LongBuffer values, int count) throws OrtException {
        return OnnxTensor.createTensor(environment, values, new long[] {count});
    }

    private void run(Map<String, OnnxTensor> ofTheStep, Map<String, OnnxValue> pinned) throws OrtException {
        Map<String, OnnxTensor> inputs = new HashMap<>(ofTheStep);
        inputs.put(CompiledModel.STEP, step);
        Set<String> unread = new HashSet<>();
        if (!pinned.containsKey(CompiledModel.LOGITS)) {
            unread.add(CompiledModel.LOGITS);
        }
        try (OrtSession.Result result = session.run(inputs, unread, pinned)) {
            if (result.size() != pinned.size() + unread.size()) {
                throw new IllegalStateException("the graph gave " + result.size() + " outputs");
            }
        }
    }

    @Override
    public FloatBuffer logits() {
        return logits.duplicate();
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
