package dev.contexture.engine.ort;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.contexture.engine.ModelRunException;
import dev.contexture.model.embedding.EmbeddingRunner;
import dev.contexture.model.embedding.SentenceVectors;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;

/** Runs an embedding model's graph on ONNX Runtime's CPU provider: each call on its caller's thread alone. */
public final class OrtEmbeddingRunner implements EmbeddingRunner {
    private static final String STATES = "last_hidden_state";

    private final OrtEnvironment environment;
    private final OrtSession.SessionOptions options;
    private final OrtSession session;
    private final int dimensions;

    /**
     * @param graph an ONNX file with the inputs and the output that {@link dev.contexture.model.embedding.EmbeddingModelFiles} names
     */
    public OrtEmbeddingRunner(byte[] graph, int dimensions) {
        this.dimensions = dimensions;
        try {
            this.environment = OrtSessions.environment();
            this.options = new OrtSession.SessionOptions();
            options.setIntraOpNumThreads(1);
            options.setInterOpNumThreads(1);
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            this.session = OrtSessions.open(environment, graph, options);
        } catch (OrtException e) {
            throw new ModelRunException("ONNX Runtime cannot load the embedding model: " + e.getMessage(), e);
        }
    }

    @Override
    public float[][] run(int[][] tokenIds) {
        int longest = Arrays.stream(tokenIds).mapToInt(ids -> ids.length).max().orElse(0);
        LongBuffer ids = OrtSessions.longs(tokenIds.length * longest);
        LongBuffer mask = OrtSessions.longs(tokenIds.length * longest);
        for (int sequence = 0; sequence < tokenIds.length; sequence++) {
            for (int i = 0; i < tokenIds[sequence].length; i++) {
                ids.put(sequence * longest + i, tokenIds[sequence][i]);
                mask.put(sequence * longest + i, 1);
            }
        }
        long[] shape = {tokenIds.length, longest};
        try (OnnxTensor read = OnnxTensor.createTensor(environment, ids, shape);
                OnnxTensor own = OnnxTensor.createTensor(environment, mask, shape);
                OnnxTensor types =
                        OnnxTensor.createTensor(environment, OrtSessions.longs(tokenIds.length * longest), shape);
                OrtSession.Result result = session.run(
                        Map.of("input_ids", read, "attention_mask", own, "token_type_ids", types), Set.of(STATES))) {
            FloatBuffer states = ((OnnxTensor) result.get(0)).getFloatBuffer();
            if (states.remaining() != tokenIds.length * longest * dimensions) {
                throw new ModelRunException("the embedding model gave " + states.remaining() + " numbers for "
                        + tokenIds.length + " sequences of " + longest + " tokens");
            }
            float[][] vectors = new float[tokenIds.length][];
            for (int sequence = 0; sequence < vectors.length; sequence++) {
                vectors[sequence] =
                        SentenceVectors.mean(states, sequence * longest, tokenIds[sequence].length, dimensions);
            }
            return vectors;
        } catch (OrtException e) {
            throw new ModelRunException("the embedding model cannot run: " + e.getMessage(), e);
        }
    }

    @Override
    public int dimensions() {
        return dimensions;
    }

    @Override
    public void close() {
        OrtSessions.close(session, options);
    }
}
