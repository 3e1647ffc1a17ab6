package dev.contexture.model.store;

/** Thins out the progress of one transfer: a message each two seconds or tenth of the whole. */
final class Progress {
    private static final long INTERVAL_NANOS = 2_000_000_000L;

    private final String source;
    private final long totalBytes;
    private final DownloadListener listener;
    private final Pace pace;
    private final long beginNanos;
    private final long beginBytes;
    private long reportedNanos;
    private long reportedTenth;

    /**
     * @param beginBytes what was there already
     */
    Progress(String source, long beginBytes, long totalBytes, DownloadListener listener, Pace pace) {
        this.source = source;
        this.totalBytes = totalBytes;
        this.listener = listener;
        this.pace = pace;
        this.beginNanos = pace.nanos();
        this.beginBytes = beginBytes;
        this.reportedNanos = beginNanos;
        this.reportedTenth = tenth(beginBytes);
    }

    void at(long bytes) {
        long now = pace.nanos();
        if (now - reportedNanos < INTERVAL_NANOS && tenth(bytes) == reportedTenth) {
            return;
        }
        reportedNanos = now;
        reportedTenth = tenth(bytes);
        double seconds = Math.max(1, now - beginNanos) / 1e9;
        listener.progressed(source, bytes, totalBytes, (bytes - beginBytes) / seconds);
    }

    private long tenth(long bytes) {
        return totalBytes <= 0 ? 0 : bytes * 10 / totalBytes;
    }
}
