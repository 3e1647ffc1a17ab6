package dev.contexture.engine.ort;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * ONNX Runtime's CUDA provider. It is a library by itself that ONNX Runtime opens from the folder of its own; the Java API
 * unpacks it there out of {@code onnxruntime_gpu} only when it is asked for options of the provider.
 */
public final class CudaProviderLibrary {
    private static final String FOLDER = "onnxruntime.native.path";
    private static final String NAME = System.mapLibraryName("onnxruntime_providers_cuda");
    /** The only platform that there is a CUDA library of ours for. */
    private static final String RESOURCE = "/ai/onnxruntime/native/linux-x64/" + NAME;

    private CudaProviderLibrary() {}

    /** Where it is, for people; empty where ONNX Runtime would not find it. */
    public static Optional<String> find() {
        return Optional.ofNullable(System.getProperty(FOLDER))
                .map(folder -> Path.of(folder, NAME).toAbsolutePath())
                .filter(Files::isRegularFile)
                .map(Path::toString)
                .or(() -> Optional.ofNullable(OrtCUDAProviderOptions.class.getResource(RESOURCE))
                        .map(URL::toString));
    }

    /** Puts it where sessions look for it. ONNX Runtime must have been loaded before. */
    static void unpack() throws OrtException {
        new OrtCUDAProviderOptions(0).close();
    }
}
