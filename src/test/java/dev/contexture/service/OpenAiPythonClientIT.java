package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.scheduler.SchedulerLoop;
import dev.contexture.testing.DefaultModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;

/** OpenAI's own Python client, in a virtual environment under target. Skipped, with the reason, where there is no pip. */
@ServiceTest
class OpenAiPythonClientIT {
    private static final Path SCRIPTS = Path.of("src", "test", "python");

    @LocalServerPort
    private int port;

    @Autowired
    private SchedulerLoop loop;

    @Test
    void everythingThatItUses() throws Exception {
        Path python = environment();
        Outcome outcome = run(List.of(
                python.toString(),
                SCRIPTS.resolve("openai_client.py").toString(),
                "http://localhost:" + port + "/v1",
                DefaultModel.ID,
                EmbeddingsIT.MODEL));
        assertThat(outcome.exitCode).as(outcome.output).isZero();
        Idle.await(loop);
    }

    private static Path environment() throws IOException, InterruptedException {
        Path folder = DefaultModel.directory().resolve("python-client");
        Path python = folder.resolve("bin").resolve("python");
        Path done = folder.resolve("installed");
        if (!Files.exists(done)) {
            require(run(List.of("python3", "-m", "venv", folder.toString())));
            require(run(List.of(
                    python.toString(),
                    "-m",
                    "pip",
                    "install",
                    "-q",
                    "-r",
                    SCRIPTS.resolve("client-requirements.txt").toString())));
            Files.createFile(done);
        }
        return python;
    }

    private static void require(Outcome outcome) {
        if (outcome.exitCode != 0) {
            System.out.println("SKIPPED OpenAiPythonClientIT: " + outcome.output);
        }
        Assumptions.assumeTrue(outcome.exitCode == 0, outcome.output);
    }

    private record Outcome(int exitCode, String output) {}

    private static Outcome run(List<String> command) throws InterruptedException {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output =
                    new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            if (!process.waitFor(5, TimeUnit.MINUTES)) {
                process.destroyForcibly();
                return new Outcome(1, output + " (took longer than five minutes)");
            }
            return new Outcome(process.exitValue(), output);
        } catch (IOException e) {
            return new Outcome(127, command.getFirst() + " cannot be run: " + e.getMessage());
        }
    }
}
