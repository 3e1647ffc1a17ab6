package dev.contexture.model.store;

import java.util.ArrayList;
import java.util.List;

/** Keeps what the store says. */
final class RecordingDownloads implements DownloadListener {
    final List<String> events = new ArrayList<>();

    @Override
    public void started(String source) {
        events.add("started " + source);
    }

    @Override
    public void progressed(String source, long bytes, long totalBytes, double bytesPerSecond) {
        events.add("progressed " + bytes + "/" + totalBytes);
    }

    @Override
    public void failed(String source, String reason) {
        events.add("failed " + reason);
    }

    @Override
    public void waiting(String reason) {
        events.add("waiting " + reason);
    }
}
