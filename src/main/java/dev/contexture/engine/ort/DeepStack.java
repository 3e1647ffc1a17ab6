package dev.contexture.engine.ort;

import ai.onnxruntime.OrtException;
import dev.contexture.engine.ModelRunException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Calls ONNX Runtime on a thread with a deep stack. Its environment and its sessions are made by code that recurses over
 * its input (thousands of frames were seen), and a Java thread's usual stack ends the process without a word.
 */
final class DeepStack {
    private static final long STACK_BYTES = 64L << 20;

    private DeepStack() {}

    static <T> T call(Callable<T> action) throws OrtException {
        FutureTask<T> task = new FutureTask<>(action);
        new Thread(null, task, "onnxruntime-setup", STACK_BYTES).start();
        try {
            return task.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ModelRunException("interrupted while ONNX Runtime was set up", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof OrtException cause) {
                throw cause;
            }
            throw new ModelRunException("ONNX Runtime cannot be set up: " + e.getCause(), e);
        }
    }
}
