package dev.contexture.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DoctorCommandTest {
    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
    private final List<Path> folders = new ArrayList<>();

    private int run(Machine machine, String... arguments) {
        PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8);
        return DoctorCommand.run(arguments, out, folder -> {
            folders.add(folder);
            return machine;
        });
    }

    private List<String> lines() {
        return printed.toString(StandardCharsets.UTF_8).lines().toList();
    }

    @Test
    void theUsualSettingsAskForProcessorsOnly() {
        assertThat(run(FakeMachine.plain(), "--doctor")).isZero();
        assertThat(lines())
                .contains("found    platform                       linux-x86_64, glibc 2.36")
                .anyMatch(line -> line.startsWith("unused   NVIDIA driver "))
                .endsWith("", "Provider CPU: can be served");
        assertThat(folders).containsExactly(Path.of(System.getProperty("user.home"), ".contexture"));
    }

    @Test
    void settingsAreReadAsAtAStart() {
        assertThat(run(
                        FakeMachine.cuda().without("libcurand.so.10"),
                        "--doctor",
                        "--contexture.engine.provider=cuda",
                        "--contexture.data-dir=/elsewhere"))
                .isEqualTo(1);
        assertThat(lines())
                .anyMatch(line -> line.startsWith("missing  libcurand.so.10 ") && line.contains("install libcurand"))
                .endsWith("", "Provider CUDA: cannot be served, for what is missing above");
        assertThat(folders).containsExactly(Path.of("/elsewhere"));
    }

    @Test
    void aWrongSettingIsASentence() {
        assertThat(run(FakeMachine.plain(), "--doctor", "--contexture.engine.threads=-1"))
                .isEqualTo(1);
        assertThat(lines())
                .containsExactly(
                        "The settings cannot be read: contexture.engine.threads must not be negative but is -1");
    }
}
