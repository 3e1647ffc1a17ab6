package dev.contexture.engine.ort;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.contexture.engine.ModelRunException;
import dev.contexture.model.graph.CompiledModel;
import dev.contexture.model.head.RetrievalHeadConfig;
import dev.contexture.retrieval.HeadRunner;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Map;

/** Runs the retrieval head's query graph on ONNX Runtime's CPU provider. */
public final class OrtHeadRunner implements HeadRunner {
    private final RetrievalHeadConfig config;
    private final OrtEnvironment environment;
    private final OrtSession.SessionOptions options;
    private final OrtSession query;
    private final OnnxTensor retrieval;
    private LongBuffer tokenBuffer = OrtSessions.longs(512);
    private ByteBuffer carriedBuffer = OrtSessions.direct(0);

    /**
     * @param library the very path through which the pool was made
     * @param retrievalPoolId the pool that takes the head's keys
     * @param threads of products and scores, the calling thread included
     */
    public OrtHeadRunner(CompiledModel.Head head, Path library, long retrievalPoolId, int threads) {
        this.config = head.config();
        try {
            this.environment = OrtSessions.environment();
            this.options = OrtSessions.options(library, threads);
            this.query = OrtSessions.open(environment, head.query(), options);
            this.retrieval = OrtSessions.id(environment, retrievalPoolId);
        } catch (OrtException e) {
            throw new ModelRunException("ONNX Runtime cannot load the retrieval head: " + e.getMessage(), e);
        }
    }

    @Override
    public void select(int[] tokenIds, float[][] fused) {
        tokenBuffer = OrtSessions.fill(tokenBuffer, tokenIds);
        int hidden = config.hidden();
        int rows = tokenIds.length;
        carriedBuffer = OrtSessions.atLeast(carriedBuffer, (long) rows * hidden);
        FloatBuffer carried = OrtSessions.floats(carriedBuffer, rows * hidden);
        for (float[] row : fused) {
            carried.put(row);
        }
        carried.flip();
        try (OnnxTensor tokens = OnnxTensor.createTensor(environment, tokenBuffer, new long[] {rows});
                OnnxTensor states = OnnxTensor.createTensor(environment, carried, new long[] {rows, hidden})) {
            Map<String, OnnxTensor> inputs = Map.of(
                    CompiledModel.INPUT_IDS, tokens, CompiledModel.FUSED, states, CompiledModel.RETRIEVAL, retrieval);
            query.run(inputs).close();
        } catch (OrtException e) {
            throw new ModelRunException("the retrieval head cannot select: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        OrtSessions.close(retrieval, query, options);
    }
}
