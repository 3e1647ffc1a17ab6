package dev.contexture.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The style that no other tool holds. */
class TidyTest {
    private static final int MOST_LINES = 500;
    private static final Set<String> TOP_LEVEL =
            Set.of("pom.xml", "mvnw", "src", "kernels", "helm", "docs", "README.md", "LICENSE", "target");
    private static final Pattern BAD_SUFFIX = Pattern.compile(".*(Impl2|V2|New|Opt|Util|Utils|Helper|Manager)\\.java");
    private static final Pattern LINK = Pattern.compile("\\]\\((?!https?://|#)([^)#]+)(#[^)]*)?\\)");

    private static List<Path> sources(String suffix) throws IOException {
        List<Path> files = new ArrayList<>();
        for (String root : List.of("src", "kernels", "docs")) {
            try (Stream<Path> walk = Files.walk(Path.of(root))) {
                walk.filter(path -> path.toString().endsWith(suffix)).forEach(files::add);
            }
        }
        return files;
    }

    @Test
    void filesStaySmall() throws IOException {
        List<String> long_ = new ArrayList<>();
        for (Path file : sources(".java")) {
            long lines = Files.readAllLines(file).size();
            if (lines > MOST_LINES) {
                long_.add(file + " has " + lines + " lines");
            }
        }
        assertThat(long_).isEmpty();
    }

    @Test
    void namesSayWhatThingsAre() throws IOException {
        assertThat(sources(".java"))
                .noneMatch(file ->
                        BAD_SUFFIX.matcher(file.getFileName().toString()).matches());
    }

    @Test
    void everyPackageSaysWhatItIsFor() throws IOException {
        for (Path file : sources(".java")) {
            if (!file.startsWith(Path.of("src", "main"))) {
                continue;
            }
            assertThat(file.resolveSibling("package-info.java").toFile().exists()
                            || file.toString().contains("Application.java"))
                    .as("package-info beside " + file)
                    .isTrue();
        }
    }

    @Test
    void theTopLevelHoldsWhatItShould() throws IOException {
        try (Stream<Path> files = Files.list(Path.of(""))) {
            assertThat(files.map(path -> path.getFileName().toString()).filter(name -> !name.startsWith(".")))
                    .allMatch(TOP_LEVEL::contains);
        }
    }

    @Test
    void nothingIsLeftToDoInComments() throws IOException {
        for (String suffix : List.of(".java", ".cc", ".h", ".py", ".md")) {
            for (Path file : sources(suffix)) {
                assertThat(Files.readString(file))
                        .as(file.toString())
                        .doesNotContain("TO" + "DO")
                        .doesNotContain("FIX" + "ME");
            }
        }
    }

    @Test
    void linksBetweenDocumentsLead() throws IOException {
        List<Path> documents = new ArrayList<>(sources(".md"));
        documents.add(Path.of("README.md"));
        List<String> dead = new ArrayList<>();
        for (Path document : documents) {
            LINK.matcher(Files.readString(document)).results().forEach(link -> {
                Path target = document.toAbsolutePath().resolveSibling(link.group(1));
                if (!Files.exists(target)) {
                    dead.add(document + " -> " + link.group(1));
                }
            });
        }
        assertThat(dead).isEmpty();
    }
}
