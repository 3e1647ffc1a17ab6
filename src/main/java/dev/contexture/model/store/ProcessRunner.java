package dev.contexture.model.store;

import java.io.BufferedReader;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** Real processes, ended by force after a while. */
final class ProcessRunner implements CommandRunner {
    private static final Duration LONGEST_RUN = Duration.ofMinutes(30);
    private static final int NOT_FOUND = 127;

    private final ScheduledExecutorService watchdog;

    ProcessRunner(ScheduledExecutorService watchdog) {
        this.watchdog = watchdog;
    }

    @Override
    public Outcome run(List<String> command) throws InterruptedException {
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            return new Outcome(NOT_FOUND, command.getFirst() + " is not installed");
        }
        ScheduledFuture<?> guard =
                watchdog.schedule(process::destroyForcibly, LONGEST_RUN.toMillis(), TimeUnit.MILLISECONDS);
        try (BufferedReader out = process.inputReader()) {
            String last = "it printed nothing";
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                last = line.isBlank() ? last : line.strip();
            }
            return new Outcome(process.waitFor(), last);
        } catch (IOException e) {
            return new Outcome(process.waitFor(), "its output could not be read: " + e.getMessage());
        } finally {
            guard.cancel(false);
            process.destroyForcibly();
        }
    }
}
