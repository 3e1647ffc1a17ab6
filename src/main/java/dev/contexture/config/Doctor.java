package dev.contexture.config;

import dev.contexture.config.Finding.State;
import dev.contexture.core.ExecutionProvider;
import dev.contexture.nativelib.CudaDevices;
import dev.contexture.nativelib.NativeException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** Says what this machine has and what it lacks for serving; docs/operations.md has the same list. */
final class Doctor {
    private static final String PLATFORM = "linux-x86_64";
    private static final String PROVIDER = "CUDA provider of ONNX Runtime";
    private static final String DRIVER = "libcuda.so.1";
    /** What ONNX Runtime's CUDA provider is linked with, beside the driver. */
    private static final List<Linked> LINKED = List.of(
            new Linked("libcudart.so.12", "cuda-cudart-12-x", "nvidia-cuda-runtime-cu12"),
            new Linked("libcublasLt.so.12", "libcublas-12-x", "nvidia-cublas-cu12"),
            new Linked("libcublas.so.12", "libcublas-12-x", "nvidia-cublas-cu12"),
            new Linked("libcurand.so.10", "libcurand-12-x", "nvidia-curand-cu12"));

    private final EngineProperties engine;
    private final Machine machine;

    private record Linked(String name, String systemPackage, String wheel) {}

    Doctor(EngineProperties engine, Machine machine) {
        this.engine = engine;
        this.machine = machine;
    }

    Diagnosis diagnose() {
        List<Finding> always = List.of(platform(), cpuLibrary(), memory(), dataFolder());
        List<Finding> cuda = new ArrayList<>(List.of(cudaLibrary(), driver()));
        boolean hasDevice = false;
        if (cuda.stream().noneMatch(Finding::isMissing)) {
            CudaDevices.Found found = machine.devices();
            hasDevice = found.count() > 0;
            cuda.add(finding("device", hasDevice, found.words(), found.words()));
        }
        cuda.add(cudaProvider());
        LINKED.forEach(linked -> cuda.add(linked(linked)));
        return diagnosis(always, cuda, hasDevice);
    }

    private Diagnosis diagnosis(List<Finding> always, List<Finding> cuda, boolean hasDevice) {
        ExecutionProvider provider = engine.providerOr(() -> hasDevice);
        boolean cudaIsAskedFor = engine.providerOr(() -> true) == ExecutionProvider.CUDA;
        Stream<Finding> needed =
                provider == ExecutionProvider.CUDA ? Stream.concat(always.stream(), cuda.stream()) : always.stream();
        return new Diagnosis(
                provider,
                needed.noneMatch(Finding::isMissing),
                Stream.concat(always.stream(), cuda.stream().map(each -> cudaIsAskedFor ? each : each.unused()))
                        .toList());
    }

    private static Finding finding(String what, boolean there, String found, String missing) {
        return there ? new Finding(what, State.FOUND, found) : new Finding(what, State.MISSING, missing);
    }

    private Finding platform() {
        String here = machine.platform()
                + machine.glibcVersion().map(version -> ", glibc " + version).orElse(" without glibc");
        return finding(
                "platform",
                machine.platform().equals(PLATFORM) && machine.glibcVersion().isPresent(),
                here,
                "this is " + here + ": run on Linux with glibc on x86-64");
    }

    private Finding cpuLibrary() {
        try {
            return new Finding("native library", State.FOUND, machine.cpuLibrary());
        } catch (NativeException e) {
            return new Finding("native library", State.MISSING, String.valueOf(e.getMessage()));
        }
    }

    private Finding memory() {
        Machine.Memory memory = machine.memory();
        return new Finding(
                "memory",
                State.FOUND,
                mebibytes(memory.availableBytes()) + " of " + mebibytes(memory.totalBytes()) + " available");
    }

    private Finding dataFolder() {
        Machine.Folder folder = machine.dataFolder();
        return finding(
                "data folder",
                folder.writable(),
                folder.path() + ", " + mebibytes(folder.freeBytes()) + " free",
                folder.path() + " cannot be written: let this user write there, or name another folder in"
                        + " contexture.data-dir");
    }

    private Finding cudaLibrary() {
        return finding(
                "native library for CUDA",
                machine.carriesCudaLibrary(),
                "this build carries it",
                "this build has none for " + machine.platform() + ": make one that has with ./mvnw -Pcuda package");
    }

    private Finding driver() {
        return finding(
                "NVIDIA driver",
                machine.isLoadable(DRIVER),
                DRIVER,
                DRIVER + " is not found: install driver 580 or later; a container needs NVIDIA's container toolkit");
    }

    private Finding cudaProvider() {
        return machine.cudaProviderLibrary()
                .map(place -> new Finding(PROVIDER, State.FOUND, place))
                .orElseGet(() -> new Finding(
                        PROVIDER,
                        State.MISSING,
                        "build with -Donnxruntime.artifact=onnxruntime_gpu, or put the native libraries out of the jar"
                                + " com.microsoft.onnxruntime:onnxruntime_gpu into a folder and name it with"
                                + " -Donnxruntime.native.path"));
    }

    private Finding linked(Linked library) {
        return finding(
                library.name,
                machine.isLoadable(library.name),
                "can be loaded",
                "install " + library.systemPackage + " or the wheel " + library.wheel
                        + ", or put its folder on LD_LIBRARY_PATH");
    }

    private static String mebibytes(long bytes) {
        return String.format(Locale.ROOT, "%,d MiB", bytes >> 20);
    }
}
