package dev.contexture.config;

import dev.contexture.nativelib.CudaDevices;
import dev.contexture.nativelib.NativeException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A machine that has what it is told to have.
 *
 * @param has the parts below, and what the dynamic loader finds
 */
record FakeMachine(String platform, Set<String> has) implements Machine {
    static final String GLIBC = "glibc";
    static final String CPU_LIBRARY = "CPU library";
    static final String CUDA_LIBRARY = "CUDA library";
    static final String DEVICE = "device";
    static final String CUDA_PROVIDER = "CUDA provider";
    static final String WRITABLE_FOLDER = "writable folder";
    static final String DRIVER = "libcuda.so.1";

    private static final Set<String> PLAIN = Set.of(GLIBC, CPU_LIBRARY, WRITABLE_FOLDER);
    private static final Set<String> CUDA = Set.of(
            CUDA_LIBRARY,
            DEVICE,
            CUDA_PROVIDER,
            DRIVER,
            "libcudart.so.12",
            "libcublasLt.so.12",
            "libcublas.so.12",
            "libcurand.so.10");

    /** The usual build on a machine without a GPU. */
    static FakeMachine plain() {
        return new FakeMachine("linux-x86_64", PLAIN);
    }

    /** A device and all that it needs. */
    static FakeMachine cuda() {
        return new FakeMachine(
                "linux-x86_64", Stream.concat(PLAIN.stream(), CUDA.stream()).collect(Collectors.toUnmodifiableSet()));
    }

    FakeMachine without(String part) {
        return new FakeMachine(
                platform, has.stream().filter(name -> !name.equals(part)).collect(Collectors.toUnmodifiableSet()));
    }

    @Override
    public Optional<String> glibcVersion() {
        return has.contains(GLIBC) ? Optional.of("2.36") : Optional.empty();
    }

    @Override
    public String cpuLibrary() {
        if (!has.contains(CPU_LIBRARY)) {
            throw new NativeException("This build carries no libcontexture.so for " + platform);
        }
        return "avx2, /data/native/libcontexture.so";
    }

    @Override
    public boolean carriesCudaLibrary() {
        return has.contains(CUDA_LIBRARY);
    }

    @Override
    public CudaDevices.Found devices() {
        if (!has.contains(CUDA_LIBRARY) || !has.contains(DRIVER)) {
            throw new AssertionError("there is nothing to ask for devices");
        }
        return has.contains(DEVICE)
                ? new CudaDevices.Found(1, "NVIDIA H100 (compute capability 9.0, 81079 MiB)")
                : new CudaDevices.Found(0, "the driver sees no device");
    }

    @Override
    public Optional<String> cudaProviderLibrary() {
        return has.contains(CUDA_PROVIDER) ? Optional.of("/ort/libonnxruntime_providers_cuda.so") : Optional.empty();
    }

    @Override
    public boolean isLoadable(String library) {
        return has.contains(library);
    }

    @Override
    public Memory memory() {
        return new Memory(12L << 30, 16L << 30);
    }

    @Override
    public Folder dataFolder() {
        return new Folder(Path.of("/data"), has.contains(WRITABLE_FOLDER), 5L << 30);
    }
}
