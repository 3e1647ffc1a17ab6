package dev.contexture.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Builds the examples as their readers would, by Maven and poms of their own, with the library out of a repository that only this build
 * has. So their class paths are those of users: what the library's pom passes on, and what they declare.
 */
final class ExampleBuild {
    private static final String VERSION = "0.1.0-SNAPSHOT";
    private static final Path SOURCES = Path.of("src", "examples");
    private static final Path PLACE = Path.of("target", "examples").toAbsolutePath();
    private static final Path EXAMPLES = PLACE.resolve("applications");
    private static final Path REPOSITORY = PLACE.resolve("repository");
    private static final int LONGEST_BUILD_MINUTES = 5;

    private ExampleBuild() {}

    /** Compiles all; fails with Maven's words. */
    static void run() throws Exception {
        copySources();
        Path folder = REPOSITORY.resolve("dev/contexture/contexture").resolve(VERSION);
        Files.createDirectories(folder);
        Path library = Path.of("target", "contexture-" + VERSION + ".jar");
        Files.copy(library, folder.resolve(library.getFileName()), StandardCopyOption.REPLACE_EXISTING);
        Files.copy(
                Path.of("pom.xml"),
                folder.resolve("contexture-" + VERSION + ".pom"),
                StandardCopyOption.REPLACE_EXISTING);
        Process build = start(
                Map.of("JAVA_HOME", System.getProperty("java.home")),
                PLACE.resolve("build.log"),
                List.of(
                        Path.of("mvnw").toAbsolutePath().toString(),
                        "-B",
                        "-ntp",
                        "-gs",
                        settings().toString(),
                        "-f",
                        EXAMPLES.resolve("pom.xml").toString(),
                        "-Dmaven.repo.local=" + REPOSITORY,
                        "compile",
                        "org.apache.maven.plugins:maven-dependency-plugin:3.10.0:build-classpath",
                        "-Dmdep.outputFile=target/classpath"));
        assertThat(build.waitFor(LONGEST_BUILD_MINUTES, TimeUnit.MINUTES)).isTrue();
        assertThat(build.exitValue())
                .as(Files.readString(PLACE.resolve("build.log")))
                .isZero();
    }

    /** Nothing is built inside the source tree. */
    private static void copySources() throws IOException {
        try (Stream<Path> files = Files.walk(SOURCES)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path copy = EXAMPLES.resolve(SOURCES.relativize(file).toString());
                Files.createDirectories(copy.getParent());
                Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    /** What the outer build has fetched is not fetched again. */
    private static Path settings() throws IOException {
        String url = Path.of(System.getProperty("contexture.test.maven-repository"))
                .toUri()
                .toString();
        String repository = "<id>outer</id><url>" + url + "</url><releases><enabled>true</enabled></releases>"
                + "<snapshots><enabled>false</enabled></snapshots>";
        return Files.writeString(
                PLACE.resolve("settings.xml"),
                "<settings><profiles><profile><id>outer</id>"
                        + "<repositories><repository>" + repository + "</repository></repositories>"
                        + "<pluginRepositories><pluginRepository>" + repository
                        + "</pluginRepository></pluginRepositories>"
                        + "</profile></profiles><activeProfiles><activeProfile>outer</activeProfile></activeProfiles>"
                        + "</settings>");
    }

    /** Names of the files on an example's class path, its own classes left out. */
    static List<String> libraries(String example) throws IOException {
        return Arrays.stream(classPath(example).split(File.pathSeparator))
                .map(path -> Path.of(path).getFileName().toString())
                .sorted()
                .toList();
    }

    private static String classPath(String example) throws IOException {
        return Files.readString(EXAMPLES.resolve(example).resolve("target/classpath"))
                .strip();
    }

    /** Runs an example in a process of its own. */
    static String output(String example, String main, List<String> arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx1g",
                "-classpath",
                EXAMPLES.resolve(example).resolve("target/classes") + File.pathSeparator + classPath(example),
                main));
        command.addAll(arguments);
        Path log = PLACE.resolve(example + ".log");
        Process process = start(Map.of(), log, command);
        boolean ended = process.waitFor(LONGEST_BUILD_MINUTES, TimeUnit.MINUTES);
        process.destroyForcibly();
        String output = Files.readString(log);
        assertThat(ended).as(output).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        return output;
    }

    private static Process start(Map<String, String> environment, Path log, List<String> command) throws IOException {
        Files.createDirectories(PLACE);
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().putAll(environment);
        return builder.start();
    }
}
