package dev.contexture.config;

import dev.contexture.nativelib.CudaDevices;
import java.nio.file.Path;
import java.util.Optional;

/** What the doctor asks of a machine. */
interface Machine {
    /** System and processor: {@code linux-x86_64}. */
    String platform();

    /** The version of glibc; empty where the C library is another. */
    Optional<String> glibcVersion();

    /**
     * The native library for CPUs: its instruction set and place.
     *
     * @throws dev.contexture.nativelib.NativeException if it cannot be used
     */
    String cpuLibrary();

    /** Whether this build carries the native library for CUDA devices. */
    boolean carriesCudaLibrary();

    /** Asked only where the build carries the library. */
    CudaDevices.Found devices();

    /** Where ONNX Runtime's CUDA provider is; empty where ONNX Runtime would not find it. */
    Optional<String> cudaProviderLibrary();

    /** Whether the dynamic loader finds a library and all that it is linked with. */
    boolean isLoadable(String library);

    Memory memory();

    Folder dataFolder();

    /** Of the machine, or of the container that the process runs in. */
    record Memory(long availableBytes, long totalBytes) {}

    /**
     * A folder that need not be there yet.
     *
     * @param writable whether files can be made in it
     */
    record Folder(Path path, boolean writable, long freeBytes) {}
}
