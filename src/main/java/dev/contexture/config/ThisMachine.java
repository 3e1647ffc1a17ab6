package dev.contexture.config;

import com.sun.management.OperatingSystemMXBean;
import dev.contexture.core.ExecutionProvider;
import dev.contexture.engine.ort.CudaProviderLibrary;
import dev.contexture.nativelib.CudaDevices;
import dev.contexture.nativelib.NativeLibrary;
import dev.contexture.nativelib.SystemLibraries;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** The machine that this process runs on. */
final class ThisMachine implements Machine {
    private static final Path MEMORY = Path.of("/proc/meminfo");

    private final Path directory;

    /**
     * @param directory of all data; takes the native library
     */
    ThisMachine(Path directory) {
        this.directory = directory.toAbsolutePath();
    }

    @Override
    public String platform() {
        return NativeLibrary.platform();
    }

    @Override
    public Optional<String> glibcVersion() {
        return SystemLibraries.glibcVersion();
    }

    @Override
    public String cpuLibrary() {
        NativeLibrary library = NativeLibrary.openBundled(libraries());
        return library.isa() + ", " + library.path();
    }

    @Override
    public boolean carriesCudaLibrary() {
        return NativeLibrary.isBundled(ExecutionProvider.CUDA);
    }

    @Override
    public CudaDevices.Found devices() {
        return CudaDevices.find(libraries());
    }

    private Path libraries() {
        return directory.resolve("native");
    }

    @Override
    public Optional<String> cudaProviderLibrary() {
        return CudaProviderLibrary.find();
    }

    @Override
    public boolean isLoadable(String library) {
        return SystemLibraries.isLoadable(library);
    }

    @Override
    public Memory memory() {
        OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        long total = system.getTotalMemorySize();
        return new Memory(Math.min(total, reclaimable().orElseGet(system::getFreeMemorySize)), total);
    }

    /** Free memory and what the system would give up for it; empty where it does not say. */
    private static Optional<Long> reclaimable() {
        try (Stream<String> lines = Files.lines(MEMORY)) {
            return lines.filter(line -> line.startsWith("MemAvailable:"))
                    .map(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                    .findFirst();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    @Override
    public Folder dataFolder() {
        Path there = Stream.iterate(directory, path -> path != null, Path::getParent)
                .filter(Files::exists)
                .findFirst()
                .orElse(directory);
        return new Folder(
                directory,
                Files.isDirectory(there) && Files.isWritable(there),
                there.toFile().getUsableSpace());
    }
}
