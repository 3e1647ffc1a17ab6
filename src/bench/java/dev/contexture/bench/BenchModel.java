package dev.contexture.bench;

import dev.contexture.config.DownloadLog;
import dev.contexture.config.SystemPace;
import dev.contexture.model.store.ModelFiles;
import dev.contexture.model.store.ModelStore;
import java.nio.file.Path;
import java.util.Optional;

/** The model under test, fetched like the service does it. */
final class BenchModel {
    private BenchModel() {}

    static ModelFiles fetch(Options options) throws InterruptedException {
        ModelStore.Settings settings = new ModelStore.Settings(
                Path.of("target", "bench", "models"), false, "https://huggingface.co", Optional.empty());
        try (ModelStore store = ModelStore.open(settings, new DownloadLog(), new SystemPace())) {
            return store.fetch(options.text("model", "smollm2-135m-instruct"));
        }
    }
}
