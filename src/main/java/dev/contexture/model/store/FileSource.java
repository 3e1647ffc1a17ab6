package dev.contexture.model.store;

import java.io.IOException;
import java.nio.file.Path;

/** A place that one file can be fetched from. */
interface FileSource {
    /** For messages: where the bytes come from. */
    String describe();

    /**
     * Writes the file's bytes to {@code partial}; may go on from what an earlier attempt left there.
     *
     * @throws IOException with a message that makes sense to the one who started the service
     */
    void fetchTo(Path partial) throws IOException, InterruptedException;
}
