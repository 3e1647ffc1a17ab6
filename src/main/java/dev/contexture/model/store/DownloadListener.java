package dev.contexture.model.store;

/** Hears what the store does, for logs. Called on the thread that fetches. */
public interface DownloadListener {
    /** A source is about to be tried. */
    void started(String source);

    /**
     * At most every two seconds and at each tenth of the whole.
     *
     * @param bytesPerSecond since this transfer began
     */
    void progressed(String source, long bytes, long totalBytes, double bytesPerSecond);

    /** A source failed; another attempt or source may follow. */
    void failed(String source, String reason);

    /** Another process fetches the same model. */
    void waiting(String reason);
}
