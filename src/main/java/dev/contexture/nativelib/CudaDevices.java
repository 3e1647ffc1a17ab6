package dev.contexture.nativelib;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.contexture.core.ExecutionProvider;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** What this build and this machine have of CUDA. */
public final class CudaDevices {
    private CudaDevices() {}

    /**
     * What was found.
     *
     * @param count of devices that can be used
     * @param words which, or why there is none
     */
    public record Found(int count, String words) {}

    /**
     * @param directory takes the library
     */
    public static Found find(Path directory) {
        if (!NativeLibrary.isBundled(ExecutionProvider.CUDA)) {
            return new Found(0, "this build has no CUDA library (./mvnw -Pcuda package makes one that has)");
        }
        try {
            NativeLibrary library = NativeLibrary.openBundled(ExecutionProvider.CUDA, directory);
            int count = library.function("ctx_device_count", JAVA_INT).number(handle -> (int) handle.invokeExact());
            return new Found(
                    count,
                    NativeLibrary.text(library.function("ctx_device_report", ADDRESS)
                            .array(handle -> (MemorySegment) handle.invokeExact())));
        } catch (NativeException e) {
            return new Found(0, String.valueOf(e.getMessage()));
        }
    }
}
