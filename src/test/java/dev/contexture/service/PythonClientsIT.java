package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.scheduler.SchedulerLoop;
import dev.contexture.testing.DefaultModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;

/** Clients in Python, OpenAI's own, Anthropic's and LangChain's, in a virtual environment under target. Skipped, with the reason, where there is no pip. */
@ServiceTest
class PythonClientsIT {
    private static final Path SCRIPTS = Path.of("src", "test", "python");

    @LocalServerPort
    private int port;

    @Autowired
    private SchedulerLoop loop;

    @ParameterizedTest
    @ValueSource(strings = {"openai_client.py", "anthropic_client.py", "langchain_client.py"})
    void everythingThatItUses(String script) throws Exception {
        Outcome outcome = run(List.of(
                environment().toString(),
                SCRIPTS.resolve(script).toString(),
                "http://localhost:" + port + "/v1",
                DefaultModel.ID,
                EmbeddingsIT.MODEL));
        assertThat(outcome.exitCode).as(outcome.output).isZero();
        Idle.await(loop);
    }

    private static Path environment() throws IOException, InterruptedException {
        Path requirements = SCRIPTS.resolve("client-requirements.txt");
        Path folder = DefaultModel.directory().resolve("python-clients");
        Path python = folder.resolve("bin").resolve("python");
        // What is installed; others are installed over it.
        Path installed = folder.resolve("installed");
        if (!Files.exists(installed) || Files.mismatch(installed, requirements) >= 0) {
            require(run(List.of("python3", "-m", "venv", folder.toString())));
            require(run(List.of(python.toString(), "-m", "pip", "install", "-q", "-r", requirements.toString())));
            Files.copy(requirements, installed, StandardCopyOption.REPLACE_EXISTING);
        }
        return python;
    }

    private static void require(Outcome outcome) {
        if (outcome.exitCode != 0) {
            System.out.println("SKIPPED PythonClientsIT: " + outcome.output);
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
