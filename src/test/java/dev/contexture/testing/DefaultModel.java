package dev.contexture.testing;

import dev.contexture.config.DownloadLog;
import dev.contexture.config.SystemPace;
import dev.contexture.model.store.ModelFiles;
import dev.contexture.model.store.ModelStore;
import java.nio.file.Path;
import java.util.Optional;

/** The default model for tests that need it: fetched once per build directory, like the service does it. */
public final class DefaultModel {
    public static final String ID = "smollm2-135m-instruct";

    private DefaultModel() {}

    /** Takes models and compiled graphs, for all tests of one build. */
    public static Path directory() {
        return Path.of("target", "test-data").toAbsolutePath();
    }

    public static Path path() {
        return files().path();
    }

    public static ModelFiles files() {
        ModelStore.Settings settings = new ModelStore.Settings(
                directory().resolve("models"), false, "https://huggingface.co", Optional.empty());
        try (ModelStore store = ModelStore.open(settings, new DownloadLog(), new SystemPace())) {
            return store.fetch(ID);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
