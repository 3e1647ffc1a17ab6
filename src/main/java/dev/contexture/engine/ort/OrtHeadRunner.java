package dev.contexture.engine.ort;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.contexture.engine.ModelRunException;
import dev.contexture.model.graph.CompiledModel;
import dev.contexture.retrieval.HeadRunner;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Runs the retrieval head's graphs on ONNX Runtime's CPU provider. */
public final class OrtHeadRunner implements HeadRunner {
    private final int featureWidth;
    private final OrtEnvironment environment;
    private final OrtSession.SessionOptions options;
    private final OrtSession keys;
    private final OrtSession query;
    private final OnnxTensor retrieval;
    private LongBuffer tokenBuffer = OrtSessions.longs(512);
    private ByteBuffer featureBuffer = OrtSessions.direct(0);

    /**
     * @param library the very path through which the pool was made
     * @param retrievalPoolId the pool that takes the head's keys
     * @param threads of products and scores, the calling thread included
     */
    public OrtHeadRunner(CompiledModel.Head head, Path library, long retrievalPoolId, int threads) {
        this.featureWidth = head.config().featureWidth();
        try {
            this.environment = OrtSessions.environment();
            this.options = OrtSessions.options(library, threads);
            this.keys = OrtSessions.open(environment, head.keys(), options);
            this.query = OrtSessions.open(environment, head.query(), options);
            this.retrieval = OrtSessions.id(environment, retrievalPoolId);
        } catch (OrtException e) {
            throw new ModelRunException("ONNX Runtime cannot load the retrieval head: " + e.getMessage(), e);
        }
    }

    @Override
    public void append(int[] tokenIds, List<FloatBuffer> features) {
        run(keys, tokenIds, features);
    }

    @Override
    public void select(int[] tokenIds, List<FloatBuffer> features) {
        run(query, tokenIds, features);
    }

    private void run(OrtSession session, int[] tokenIds, List<FloatBuffer> features) {
        tokenBuffer = OrtSessions.fill(tokenBuffer, tokenIds);
        int rows = tokenIds.length;
        featureBuffer = OrtSessions.atLeast(featureBuffer, (long) rows * featureWidth);
        FloatBuffer joined = OrtSessions.floats(featureBuffer, rows * featureWidth);
        features.forEach(piece -> joined.put(piece.duplicate()));
        if (joined.hasRemaining()) {
            throw new IllegalArgumentException("there are no features for the last of " + rows + " tokens");
        }
        joined.flip();
        try (OnnxTensor tokens = OnnxTensor.createTensor(environment, tokenBuffer, new long[] {rows});
                OnnxTensor read = OnnxTensor.createTensor(environment, joined, new long[] {rows, featureWidth})) {
            Map<String, OnnxTensor> inputs = Map.of(
                    CompiledModel.INPUT_IDS, tokens, CompiledModel.FEATURES, read, CompiledModel.RETRIEVAL, retrieval);
            session.run(inputs).close();
        } catch (OrtException e) {
            throw new ModelRunException("the retrieval head cannot run: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        OrtSessions.close(retrieval, query, keys, options);
    }
}
