package dev.contexture.engine.ort;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * ONNX Runtime's CUDA provider. It is a library by itself that ONNX Runtime opens from the folder of its own; the Java API does not
 * unpack it there for sessions that are made elsewhere.
 */
public final class CudaProviderLibrary {
    private static final String FOLDER = "onnxruntime.native.path";
    private static final String NAME = "onnxruntime_providers_cuda";

    private CudaProviderLibrary() {}

    /** Where it is; empty where ONNX Runtime would not find it. */
    public static Optional<Path> find() {
        return Optional.ofNullable(System.getProperty(FOLDER))
                .map(folder -> Path.of(folder, System.mapLibraryName(NAME)).toAbsolutePath())
                .filter(Files::isRegularFile);
    }
}
