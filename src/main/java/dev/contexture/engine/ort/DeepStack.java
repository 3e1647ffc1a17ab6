package dev.contexture.engine.ort;

import ai.onnxruntime.OrtException;
import dev.contexture.engine.ModelRunException;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/**
 * Calls ONNX Runtime on a thread with a deep stack. Its environment and its sessions are made by code that recurses over
 * its input (thousands of frames were seen), and a Java thread's usual stack ends the process without a word.
 */
final class DeepStack {
    private static final long STACK_BYTES = 64L << 20;

    private DeepStack() {}

    /**
     * @param late closes what is made after the caller was interrupted and is gone; on either thread
     */
    static <T> T call(Callable<T> action, Consumer<T> late) throws OrtException {
        CompletableFuture<T> result = new CompletableFuture<>();
        new Thread(null, () -> run(action, result, late), "onnxruntime-setup", STACK_BYTES).start();
        try {
            return result.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            ModelRunException interrupted = new ModelRunException("interrupted while ONNX Runtime was set up", e);
            if (!result.completeExceptionally(interrupted) && result.state() == Future.State.SUCCESS) {
                late.accept(result.resultNow());
            }
            throw interrupted;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof OrtException cause) {
                throw cause;
            }
            throw new ModelRunException("ONNX Runtime cannot be set up: " + e.getCause(), e);
        }
    }

    private static <T> void run(Callable<T> action, CompletableFuture<T> result, Consumer<T> late) {
        try {
            T made = action.call();
            if (!result.complete(made)) {
                late.accept(made);
            }
        } catch (Throwable e) {
            result.completeExceptionally(e);
        }
    }
}
