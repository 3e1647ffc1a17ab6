package dev.contexture.model.store;

import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.gguf.GgufModelSource;
import dev.contexture.model.safetensors.SafetensorsModelSource;
import java.io.IOException;
import java.nio.file.Files;

/** Opens a model by its kind of files. */
public final class ModelSources {
    private ModelSources() {}

    /**
     * @throws dev.contexture.model.ModelFormatException if the files are damaged or of a kind that is not supported
     * @throws ModelUnavailableException if they cannot be read
     */
    public static ModelSource open(ModelFiles files) {
        try {
            return Files.isDirectory(files.path())
                    ? SafetensorsModelSource.open(files.path())
                    : GgufModelSource.open(files.path());
        } catch (IOException e) {
            throw new ModelUnavailableException("The model " + files.path() + " cannot be read: " + e.getMessage(), e);
        }
    }
}
