package dev.contexture.model.store;

import java.io.IOException;
import java.util.List;

/** Runs a command of this machine to its end. */
interface CommandRunner {
    /**
     * @param lastLine of what it printed, for messages
     */
    record Outcome(int exitCode, String lastLine) {}

    /** A command that does not exist has an outcome too: exit code 127. */
    Outcome run(List<String> command) throws IOException, InterruptedException;
}
