package dev.contexture.bench;

import dev.contexture.model.store.DownloadListener;
import dev.contexture.model.store.ModelStore;
import dev.contexture.model.store.Pace;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** The model file under test, fetched like the service does it. */
final class BenchModel {
    private BenchModel() {}

    static Path fetch(String id) throws InterruptedException {
        ModelStore.Settings settings = new ModelStore.Settings(
                Path.of("target", "bench", "models"), false, "https://huggingface.co", Optional.empty());
        try (ModelStore store = ModelStore.open(settings, new Printed(), new RealPace())) {
            return store.fetch(id).path();
        }
    }

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

    private static final class Printed implements DownloadListener {
        @Override
        public void started(String source) {
            System.out.println("fetching the model from " + source);
        }

        @Override
        public void progressed(String source, long bytes, long totalBytes, double bytesPerSecond) {}

        @Override
        public void failed(String source, String reason) {
            System.out.println(source + ": " + reason);
        }

        @Override
        public void waiting(String reason) {
            System.out.println(reason);
        }
    }
}
