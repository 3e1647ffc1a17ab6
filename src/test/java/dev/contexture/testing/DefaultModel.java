package dev.contexture.testing;

import dev.contexture.model.store.DownloadListener;
import dev.contexture.model.store.ModelFiles;
import dev.contexture.model.store.ModelStore;
import dev.contexture.model.store.Pace;
import java.nio.file.Path;
import java.time.Duration;
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
        ModelStore.Settings settings = new ModelStore.Settings(
                directory().resolve("models"), false, "https://huggingface.co", Optional.empty());
        try (ModelStore store = ModelStore.open(settings, new SilentListener(), new RealPace())) {
            ModelFiles files = store.fetch(ID);
            return files.path();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Real time. */
    private static final class RealPace implements Pace {
        @Override
        public long nanos() {
            return System.nanoTime();
        }

        @Override
        public void sleep(Duration duration) throws InterruptedException {
            Thread.sleep(duration);
        }
    }

    /** Says nothing; a failure is in the exception. */
    private static final class SilentListener implements DownloadListener {
        @Override
        public void started(String source) {}

        @Override
        public void progressed(String source, long bytes, long totalBytes, double bytesPerSecond) {}

        @Override
        public void failed(String source, String reason) {}

        @Override
        public void waiting(String reason) {}
    }
}
