package dev.contexture.engine.ort;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.contexture.engine.DeviceSampler;
import dev.contexture.engine.ModelRunException;
import dev.contexture.engine.ModelRunner;
import dev.contexture.engine.RowSampler;
import dev.contexture.model.graph.CompiledModel;
import dev.contexture.nativelib.FfmBoundSession;
import dev.contexture.nativelib.NativeException;
import dev.contexture.nativelib.NativeLibrary;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;

/**
 * Runs the compiled graph on a CUDA device. The session is the native library's own, as the Java API can neither bind tensors of the
 * device nor replay captured graphs; ONNX Runtime only has to hand the library its interface first.
 */
public final class CudaModelRunner implements ModelRunner {
    private final OrtSession.SessionOptions registered;
    private final FfmBoundSession session;
    private final int vocabularySize;
    private LongBuffer tokenBuffer = OrtSessions.longs(512);
    private LongBuffer rowBuffer = OrtSessions.longs(64);
    private int logitRows;

    /**
     * @param model compiled for CUDA devices
     * @param library for CUDA devices, through which the KV pool was made
     * @param poolId the KV pool that the attention ops work on
     */
    public CudaModelRunner(CompiledModel model, NativeLibrary library, long poolId) {
        this.vocabularySize = model.config().vocabulary();
        int featureWidth = model.featureWidth();
        try {
            // Before anything else of ONNX Runtime, on a deep stack.
            OrtSessions.environment();
            CudaProviderLibrary.unpack();
            this.registered = new OrtSession.SessionOptions();
        } catch (OrtException e) {
            throw cannotLoad(model, e);
        }
        try {
            registered.registerCustomOpLibrary(library.path().toString());
            this.session = DeepStack.call(
                    () -> new FfmBoundSession(library, model.graph(), poolId, vocabularySize, featureWidth),
                    FfmBoundSession::close);
        } catch (OrtException | RuntimeException e) {
            registered.close();
            throw cannotLoad(model, e);
        }
    }

    private static ModelRunException cannotLoad(CompiledModel model, Exception cause) {
        return new ModelRunException(
                "ONNX Runtime cannot load " + model.graph() + " on a CUDA device: " + cause.getMessage(), cause);
    }

    @Override
    public void run(int[] tokenIds, int[] logitRows) {
        tokenBuffer = OrtSessions.fill(tokenBuffer, tokenIds);
        rowBuffer = OrtSessions.fill(rowBuffer, logitRows);
        this.logitRows = logitRows.length;
        try {
            session.run(tokenBuffer, rowBuffer);
        } catch (NativeException e) {
            throw new ModelRunException("the model run failed: " + e.getMessage(), e);
        }
    }

    /** Copied from the device by this call: what only wants tokens asks the {@link #sampler}. */
    @Override
    public FloatBuffer logits() {
        try {
            return session.logits(logitRows * vocabularySize);
        } catch (NativeException e) {
            throw new ModelRunException("the logits cannot be had: " + e.getMessage(), e);
        }
    }

    @Override
    public RowSampler sampler(int tokens) {
        return new DeviceSampler(session, tokens);
    }

    FfmBoundSession session() {
        return session;
    }

    /** Nothing: the device keeps them for its head. */
    @Override
    public FloatBuffer features() {
        return FloatBuffer.allocate(0);
    }

    @Override
    public int vocabularySize() {
        return vocabularySize;
    }

    @Override
    public void close() {
        OrtSessions.close(session, registered);
    }
}
