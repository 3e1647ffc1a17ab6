package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.testing.DefaultModel;
import java.io.File;
import java.net.ConnectException;
import java.net.ServerSocket;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The jar as users run it: from start to first token, and out again by SIGTERM without losing a stream. */
class JarIT {
    private static final Duration LONGEST_START = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    @Test
    void startsAnswersAndDrains() throws Exception {
        Path model = DefaultModel.path();
        int port = freePort();
        Instant begin = Instant.now();
        Process process = start(model, port, "--management.server.port=" + freePort());
        try (Client client = new Client(port)) {
            String first = firstToken(client, process);
            Duration toFirstToken = Duration.between(begin, Instant.now());
            System.out.printf("start to first token: %.1f s%n", toFirstToken.toMillis() / 1000.0);
            assertThat(first).contains("\"role\":\"assistant\"");
            assertThat(toFirstToken).isLessThan(LONGEST_START);

            HttpResponse<Stream<String>> running = client.stream(
                    "/v1/chat/completions",
                    WireShapeIT.chat("\"stream\":true,\"max_tokens\":150,\"logit_bias\":{\"2\":-100}")
                            .replace(DefaultModel.ID, modelName(model)));
            List<String> lines = new ArrayList<>();
            try (Stream<String> body = running.body()) {
                body.filter(line -> !line.isEmpty()).forEach(line -> {
                    lines.add(line);
                    if (lines.size() == 3) {
                        process.destroy(); // SIGTERM, with the stream under way
                    }
                });
            }
            assertThat(lines.getLast()).isEqualTo("data: [DONE]");
            assertThat(lines).anyMatch(line -> line.contains("\"finish_reason\":\"length\""));
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).as("ended by SIGTERM").isEqualTo(143);
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void saysClearlyThatAModelIsNotThere() throws Exception {
        Process process = start(Path.of("/nothing/here.gguf"), freePort(), "--management.server.port=" + freePort());
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        String output = Files.readString(folder.resolve("output"));
        assertThat(process.exitValue()).isEqualTo(1);
        assertThat(output)
                .contains("The model file or folder /nothing/here.gguf does not exist")
                .doesNotContain("\tat ");
    }

    @Test
    void theDoctorSaysWhatThisMachineHas() throws Exception {
        Process process = start(Path.of("/nothing/here.gguf"), freePort(), "--doctor");
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
        assertThat(Files.readAllLines(folder.resolve("output")))
                .allMatch(line -> line.isEmpty() || line.matches("(found|unused) .*|Provider CPU: can be served"))
                .anyMatch(line -> line.startsWith("found    native library "));
    }

    private Process start(Path model, int port, String option) throws Exception {
        String jar = System.getProperty("contexture.test.jar", "target/contexture-0.1.0-SNAPSHOT-exec.jar");
        assertThat(new File(jar)).exists();
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-jar",
                        jar,
                        "--contexture.data-dir=" + folder.resolve("data"),
                        "--contexture.model.id=" + model,
                        "--server.port=" + port,
                        option)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("output").toFile())
                .start();
    }

    private static String modelName(Path model) {
        return model.getFileName().toString().replace(".gguf", "");
    }

    private String firstToken(Client client, Process process) throws Exception {
        String body = WireShapeIT.chat("\"stream\":true,\"max_tokens\":1")
                .replace(DefaultModel.ID, modelName(DefaultModel.path()));
        Instant deadline = Instant.now().plus(LONGEST_START.multipliedBy(2));
        while (process.isAlive() && Instant.now().isBefore(deadline)) {
            try (Stream<String> lines =
                    client.stream("/v1/chat/completions", body).body()) {
                return lines.filter(line -> line.startsWith("data: "))
                        .findFirst()
                        .orElse("nothing");
            } catch (ConnectException e) {
                Thread.sleep(100);
            }
        }
        return Files.readString(folder.resolve("output"));
    }

    private static int freePort() throws Exception {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
