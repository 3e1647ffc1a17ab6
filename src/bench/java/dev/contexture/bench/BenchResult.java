package dev.contexture.bench;

import dev.contexture.model.store.ModelFiles;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;

/** The file that a suite leaves behind: what was measured, of which commit, on which machine, with which settings. */
final class BenchResult {
    /** Where things lie on one machine tells others nothing; what they are stands in the result itself. */
    private static final Set<String> PLACES =
            Set.of("commit", "data", "head", "model", "python", "result", "suite", "work");

    private final Options options;
    private final Path file;
    private final Map<String, Object> head = new LinkedHashMap<>();

    BenchResult(Options options, ModelFiles model) throws IOException, InterruptedException {
        this.options = options;
        String suite = options.text("suite", "speed");
        this.file = options.path("result", "target/bench/" + suite + ".json");
        head.put("suite", suite);
        head.put("at", Instant.now().toString());
        head.put("commit", commit(options));
        head.put("machine", machine());
        head.put("processors", Runtime.getRuntime().availableProcessors());
        head.put("load_average", ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
        head.put("model", model.path().getFileName().toString());
        head.put("model_sha256", model.sha256());
    }

    BenchResult with(String name, Object value) {
        head.put(name, value);
        return this;
    }

    /** May be called again with more rows: a run that is ended early leaves what it has. */
    void write(List<Map<String, Object>> rows) throws IOException {
        Map<String, Object> result = new LinkedHashMap<>(head);
        Map<String, String> settings = options.asked();
        settings.keySet().removeAll(PLACES);
        result.put("settings", settings);
        result.put("rows", rows);
        Files.createDirectories(file.toAbsolutePath().getParent());
        Files.writeString(
                file, JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(result));
    }

    void writeAndSay(List<Map<String, Object>> rows) throws IOException {
        write(rows);
        System.out.println("written to " + file);
    }

    private static String machine() throws IOException {
        Path cpus = Path.of("/proc/cpuinfo");
        if (!Files.isReadable(cpus)) {
            return System.getProperty("os.name") + " " + System.getProperty("os.arch");
        }
        try (Stream<String> lines = Files.lines(cpus)) {
            Pattern name = Pattern.compile("model name\\s*:\\s*(.*)");
            return lines.map(name::matcher)
                    .filter(Matcher::matches)
                    .map(matcher -> matcher.group(1))
                    .findFirst()
                    .orElse("unknown");
        }
    }

    /** Of the checkout, or as told where there is none. */
    private static String commit(Options options) throws InterruptedException {
        String told = options.text("commit", "");
        if (!told.isEmpty()) {
            return told;
        }
        try {
            Process git = new ProcessBuilder("git", "describe", "--always", "--dirty").start();
            try (InputStream in = git.getInputStream()) {
                String text = new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
                return git.waitFor() == 0 ? text : "unknown";
            }
        } catch (IOException e) {
            return "unknown (" + e.getMessage() + ")";
        }
    }
}
