package dev.contexture.nativelib;

import dev.contexture.core.ExecutionProvider;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;

/**
 * The native library {@code contexture}. ONNX Runtime opens the same file for its custom ops: the path is one mapping,
 * so both see the same pools.
 */
public final class NativeLibrary {
    /** Of the C interface, and of the layouts that leave the library. */
    public static final int ABI_VERSION = 10;

    private final Path path;
    private final SymbolLookup symbols;
    private final MethodHandle lastError;

    private NativeLibrary(Path path) {
        this.path = path;
        this.symbols = SymbolLookup.libraryLookup(path, Arena.global());
        this.lastError = handle("ctx_last_error", FunctionDescriptor.of(ValueLayout.ADDRESS));
    }

    /**
     * Opens the library at {@code path}.
     *
     * @throws NativeException if there is none, or it is of another version
     */
    public static NativeLibrary open(Path path) {
        if (!Files.isRegularFile(path)) {
            throw new NativeException(
                    "There is no native library at " + path + ": build it with ./mvnw generate-resources");
        }
        try {
            NativeLibrary library = new NativeLibrary(path.toAbsolutePath());
            int version = library.function("ctx_abi_version", ValueLayout.JAVA_INT)
                    .number(handle -> (int) handle.invokeExact());
            if (version != ABI_VERSION) {
                throw new NativeException("The native library " + path + " has ABI version " + version + " but "
                        + ABI_VERSION + " is needed: it belongs to another release");
            }
            return library;
        } catch (IllegalArgumentException | UnsatisfiedLinkError e) {
            throw new NativeException("The native library " + path + " cannot be loaded: " + e.getMessage(), e);
        }
    }

    /** The library for CPUs: see {@link #openBundled(ExecutionProvider, Path)}. */
    public static NativeLibrary openBundled(Path directory) {
        return openBundled(ExecutionProvider.CPU, directory);
    }

    /** Whether this build carries the provider's library for this platform. */
    public static boolean isBundled(ExecutionProvider provider) {
        return NativeLibrary.class.getClassLoader().getResource(resource(provider)) != null;
    }

    private static String resource(ExecutionProvider provider) {
        return "native/" + platform() + "/" + System.mapLibraryName(provider.library());
    }

    /**
     * Unpacks the library that the class path carries for this platform into {@code directory}, under a name that
     * depends on its content, and opens it.
     *
     * @throws NativeException if this platform's library is missing or cannot be written
     */
    public static NativeLibrary openBundled(ExecutionProvider provider, Path directory) {
        String file = System.mapLibraryName(provider.library());
        try (InputStream in = NativeLibrary.class.getClassLoader().getResourceAsStream(resource(provider))) {
            if (in == null) {
                throw new NativeException("This build carries no " + file + " for " + platform()
                        + (provider == ExecutionProvider.CUDA
                                ? ": build it on this platform with ./mvnw -Pcuda package"
                                : ": build it on this platform with ./mvnw package"));
            }
            return open(unpack(in.readAllBytes(), directory, file));
        } catch (IOException e) {
            throw new NativeException(
                    "The native library cannot be unpacked to " + directory + ": " + e.getMessage(), e);
        }
    }

    private static Path unpack(byte[] bytes, Path directory, String file) throws IOException {
        Files.createDirectories(directory);
        Path target = directory.resolve(sha256(bytes).substring(0, 16) + "-" + file);
        if (!Files.exists(target) || Files.size(target) != bytes.length) {
            Path partial = Files.createTempFile(directory, "contexture", ".part");
            Files.write(partial, bytes);
            Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        }
        return target;
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** System and processor, as in the names of folders: {@code linux-x86_64}. */
    public static String platform() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String arch = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        return (os.contains("mac") ? "macos" : os.contains("win") ? "windows" : "linux") + "-"
                + (arch.equals("amd64") ? "x86_64" : arch.equals("arm64") ? "aarch64" : arch);
    }

    /** What ONNX Runtime's registerCustomOpLibrary needs. */
    public Path path() {
        return path;
    }

    /** The instruction set in use: avx512, avx2 or portable. */
    public String isa() {
        return text(function("ctx_isa", ValueLayout.ADDRESS).array(handle -> (MemorySegment) handle.invokeExact()));
    }

    /** A function whose calls fail with the library's own words. */
    NativeFunction function(String name, MemoryLayout result, MemoryLayout... arguments) {
        return new NativeFunction(this, name, handle(name, FunctionDescriptor.of(result, arguments)));
    }

    private MethodHandle handle(String name, FunctionDescriptor descriptor) {
        MemorySegment symbol = symbols.find(name)
                .orElseThrow(() -> new NativeException("The native library " + path + " has no function " + name));
        return Linker.nativeLinker().downcallHandle(symbol, descriptor);
    }

    /** The library's own words for the call that just failed on this thread. */
    NativeException failure() {
        try {
            return new NativeException(text((MemorySegment) lastError.invokeExact()));
        } catch (Throwable e) {
            return new NativeException("ctx_last_error cannot be called", e);
        }
    }

    static String text(MemorySegment zeroTerminated) {
        return zeroTerminated.reinterpret(4096).getString(0);
    }
}
