package dev.contexture.model.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** One fetcher per model on this machine: a lock on a file, which the system releases should the process die. */
final class StoreLock implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(500);
    private static final Duration LONGEST_WAIT = Duration.ofHours(2);

    private final FileChannel channel;

    private StoreLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Waits for whoever has the lock, at most two hours.
     *
     * @throws IOException if the lock cannot be had
     */
    static StoreLock acquire(Path file, DownloadListener listener, Pace pace) throws IOException, InterruptedException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            long deadlineNanos = pace.nanos() + LONGEST_WAIT.toNanos();
            boolean told = false;
            while (tryLock(channel) == null) {
                if (pace.nanos() - deadlineNanos > 0) {
                    throw new IOException("another process has held " + file + " for " + LONGEST_WAIT.toHours()
                            + " hours; end it, then start again");
                }
                if (!told) {
                    listener.waiting("another process is fetching the same model (lock " + file + ")");
                    told = true;
                }
                pace.sleep(POLL);
            }
            return new StoreLock(channel);
        } catch (IOException | InterruptedException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null; // another thread of this process
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
