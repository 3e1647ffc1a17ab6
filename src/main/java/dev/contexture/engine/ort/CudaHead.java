package dev.contexture.engine.ort;

import ai.onnxruntime.OrtException;
import dev.contexture.core.DeviceSelection;
import dev.contexture.engine.ModelRunException;
import dev.contexture.model.graph.CompiledModel;
import dev.contexture.nativelib.FfmDeviceHead;
import dev.contexture.nativelib.FfmRetrievalPool;
import dev.contexture.nativelib.NativeException;
import dev.contexture.nativelib.NativeLibrary;
import dev.contexture.retrieval.DeviceHead;

/** Runs the retrieval head's graphs on the CUDA device of a {@link CudaModelRunner}. */
public final class CudaHead implements DeviceHead {
    private final FfmDeviceHead head;
    private final int rows;

    /**
     * @param head compiled as the decoder is
     * @param library for CUDA devices, through which the pool was made
     * @param pool takes the head's keys
     * @param decoder whose runs the head reads; must be closed after this
     * @param rows of features that are kept
     */
    public CudaHead(
            CompiledModel.Head head, NativeLibrary library, FfmRetrievalPool pool, CudaModelRunner decoder, int rows) {
        this.rows = rows;
        int width = head.config().featureWidth();
        try {
            this.head = DeepStack.call(
                    () -> new FfmDeviceHead(library, head.keys(), head.query(), pool, decoder.session(), rows, width),
                    FfmDeviceHead::close);
        } catch (OrtException | ModelRunException e) {
            throw new ModelRunException(
                    "ONNX Runtime cannot load the retrieval head on a CUDA device: " + e.getMessage(), e);
        }
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public DeviceSelection select(int[] tokenIds, int[] featureRows, int[] places, int[] owners) {
        try {
            return head.select(tokenIds, featureRows, places, owners);
        } catch (NativeException e) {
            throw cannotRun(e);
        }
    }

    @Override
    public void observe(int[] carriedRows, int[] featureRows) {
        try {
            head.observe(carriedRows, featureRows);
        } catch (NativeException e) {
            throw cannotRun(e);
        }
    }

    @Override
    public float[] read(int featureRow) {
        try {
            return head.read(featureRow);
        } catch (NativeException e) {
            throw cannotRun(e);
        }
    }

    @Override
    public void write(int featureRow, float[] features) {
        try {
            head.write(featureRow, features);
        } catch (NativeException e) {
            throw cannotRun(e);
        }
    }

    private static ModelRunException cannotRun(NativeException cause) {
        return new ModelRunException("the retrieval head cannot run: " + cause.getMessage(), cause);
    }

    @Override
    public void close() {
        head.close();
    }
}
