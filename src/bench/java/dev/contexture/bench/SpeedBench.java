package dev.contexture.bench;

import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.gguf.GgufModelSource;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;

/**
 * Decode and prefill beside llama.cpp: same file, same threads, runs interleaved so that both meet the same machine, medians
 * and spread, ratios to the better of llama.cpp's settings.
 *
 * <p>Settings are system properties: {@code bench.model} (a GGUF file, or a name as
 * {@code contexture.model.id} has it), {@code bench.python} (an interpreter with the packages
 * of src/bench/python/requirements.txt), {@code bench.threads} (0: one per processor), {@code bench.repeats}, {@code bench.only} (a regular
 * expression over workloads), {@code bench.result} (the file to write).
 */
public final class SpeedBench {
    private SpeedBench() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path model = BenchModel.fetch(System.getProperty("bench.model", "smollm2-135m-instruct"));
        Path python = Path.of(required("bench.python"));
        int asked = Integer.getInteger("bench.threads", 0);
        int threads = asked > 0 ? asked : Runtime.getRuntime().availableProcessors();
        int repeats = Integer.getInteger("bench.repeats", 5);
        Pattern only = Pattern.compile(System.getProperty("bench.only", ".*"));
        Path work = Path.of("target", "bench");
        Path worker = Path.of("src", "bench", "python", "llama_bench.py");

        List<Contender> contenders = new ArrayList<>();
        try (ModelSource source = GgufModelSource.open(model)) {
            contenders.add(new Contexture(source, model.getFileName() + "-" + Files.size(model), work, threads));
            for (boolean flash : new boolean[] {true, false}) {
                contenders.add(new LlamaCpp(
                        "llama.cpp, flash attention " + (flash ? "on" : "off"),
                        python,
                        worker,
                        Map.of("model", model.toString(), "threads", threads, "flash_attn", flash)));
            }
            List<Map<String, Object>> rows = new ArrayList<>();
            for (Workload workload : Workload.all()) {
                if (only.matcher(workload.name()).find()) {
                    rows.add(measure(workload, contenders, repeats));
                }
            }
            write(rows, contenders, model, threads, repeats);
        } finally {
            contenders.forEach(Contender::close);
        }
    }

    private static Map<String, Object> measure(Workload workload, List<Contender> contenders, int repeats) {
        double[][] rates = new double[contenders.size()][repeats];
        for (int repeat = -1; repeat < repeats; repeat++) { // the first round warms up
            for (int c = 0; c < contenders.size(); c++) {
                double rate = workload.tokens() / workload.run().seconds(contenders.get(c));
                if (repeat >= 0) {
                    rates[c][repeat] = rate;
                }
            }
        }
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("workload", workload.name());
        double baseline = 0;
        for (int c = 0; c < rates.length; c++) {
            double[] sorted = rates[c].clone();
            Arrays.sort(sorted);
            double median = sorted[repeats / 2];
            row.put(
                    contenders.get(c).name(),
                    Map.of("tokens_per_second", median, "least", sorted[0], "most", sorted[repeats - 1]));
            if (c > 0) {
                baseline = Math.max(baseline, median);
            }
            System.out.printf(
                    Locale.ROOT,
                    "%-22s %-32s %8.1f tok/s  (%.1f to %.1f)%n",
                    workload.name(),
                    contenders.get(c).name(),
                    median,
                    sorted[0],
                    sorted[repeats - 1]);
        }
        double[] ours = rates[0].clone();
        Arrays.sort(ours);
        double ratio = ours[repeats / 2] / baseline;
        row.put("ratio", ratio);
        row.put("target", workload.target());
        System.out.printf(
                Locale.ROOT,
                "%-22s ratio %.2f, target %.1f: %s%n",
                workload.name(),
                ratio,
                workload.target(),
                ratio >= workload.target() ? "reached" : "missed");
        return row;
    }

    private static void write(
            List<Map<String, Object>> rows, List<Contender> contenders, Path model, int threads, int repeats)
            throws IOException, InterruptedException {
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("at", Instant.now().toString());
        result.put("commit", output("git", "describe", "--always", "--dirty"));
        result.put("machine", machine());
        result.put("load_average", ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
        result.put("model", model.getFileName().toString());
        result.put("threads", threads);
        result.put("repeats", repeats);
        contenders.stream()
                .filter(LlamaCpp.class::isInstance)
                .map(LlamaCpp.class::cast)
                .findFirst()
                .ifPresent(llama -> result.put("llama.cpp", llama.info()));
        result.put("rows", rows);
        Path file = Path.of(System.getProperty("bench.result", "target/bench/speed.json"));
        Files.createDirectories(file.toAbsolutePath().getParent());
        Files.writeString(
                file, JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(result));
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

    private static String output(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).start();
        try (InputStream in = process.getInputStream()) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
            return process.waitFor() == 0 ? text : "unknown";
        }
    }

    private static String required(String property) {
        String value = System.getProperty(property);
        if (value == null) {
            throw new IllegalArgumentException("set -D" + property + " (see docs/HACKING.md, Benchmarks)");
        }
        return value;
    }
}
