package dev.contexture.config;

import dev.contexture.model.store.DownloadListener;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells in the log how the model comes. */
public final class DownloadLog implements DownloadListener {
    private static final Logger LOG = LoggerFactory.getLogger(DownloadLog.class);
    private static final double MEGA = 1e6;

    @Override
    public void started(String source) {
        LOG.info("Fetching the model from {}", source);
    }

    @Override
    public void progressed(String source, long bytes, long totalBytes, double bytesPerSecond) {
        String share = totalBytes > 0
                ? String.format(Locale.ROOT, " of %.1f MB (%d %%)", totalBytes / MEGA, bytes * 100 / totalBytes)
                : "";
        String have = String.format(Locale.ROOT, "%.1f MB", bytes / MEGA);
        LOG.info("{}{} at {} MB/s", have, share, String.format(Locale.ROOT, "%.1f", bytesPerSecond / MEGA));
    }

    @Override
    public void failed(String source, String reason) {
        LOG.warn("{}: {}", source, reason);
    }

    @Override
    public void waiting(String reason) {
        LOG.info("Waiting: {}", reason);
    }
}
