package dev.contexture.bench;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** llama.cpp in a process of its own, driven by {@code src/bench/python/llama_bench.py}. */
final class LlamaCpp implements Contender {
    private static final Path WORKER = Path.of("src", "bench", "python", "llama_bench.py");
    private static final int LEAST_CONTEXT_TOKENS = 4608;
    private static final int SPARE_TOKENS = 64;

    private final String name;
    private final Process process;
    private final BufferedWriter commands;
    private final BufferedReader answers;
    private final Map<String, Object> load;
    private int sequences;
    private int contextTokens;

    private LlamaCpp(String name, Path python, Path worker, Map<String, Object> settings) {
        this.name = name;
        this.load = new HashMap<>(settings);
        try {
            this.process = new ProcessBuilder(python.toString(), worker.toString())
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException("llama.cpp's worker does not start with " + python, e);
        }
        this.commands = process.outputWriter(StandardCharsets.UTF_8);
        this.answers = process.inputReader(StandardCharsets.UTF_8);
    }

    /** Both of its settings that may be the better one, by {@code bench.python}'s interpreter; none if none are asked for. */
    static List<LlamaCpp> all(Options options, Path model, int threads) {
        if (options.text("others", "llama.cpp").equals("none")) {
            return List.of();
        }
        String python = options.text("python", "");
        if (python.isEmpty()) {
            throw new IllegalArgumentException("set -Dbench.python (see docs/HACKING.md, Benchmarks)");
        }
        return Stream.of(true, false)
                .map(flash -> new LlamaCpp(
                        "llama.cpp, flash attention " + (flash ? "on" : "off"),
                        Path.of(python),
                        WORKER,
                        Map.of("model", model.toString(), "threads", threads, "flash_attn", flash)))
                .toList();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public double prefillSeconds(int tokens) {
        require(1, tokens + SPARE_TOKENS);
        return ask(Map.of("cmd", "prefill", "tokens", tokens))
                .path("seconds")
                .path(0)
                .asDouble();
    }

    @Override
    public double decodeSeconds(int wanted, int context, int steps) {
        require(wanted, wanted * (context + 2 * steps + SPARE_TOKENS));
        JsonNode answer = wanted == 1
                ? ask(Map.of("cmd", "decode", "context", context, "steps", steps))
                : ask(Map.of("cmd", "batch_decode", "sequences", wanted, "context", context, "steps", steps));
        return answer.path("seconds").path(0).asDouble();
    }

    /** Loads anew for another number of sequences or a longer context. */
    private void require(int wantedSequences, int wantedTokens) {
        if (sequences != wantedSequences || contextTokens < wantedTokens) {
            sequences = wantedSequences;
            contextTokens = Math.max(wantedTokens, LEAST_CONTEXT_TOKENS);
            load.put("cmd", "load");
            load.put("sequences", sequences);
            load.put("n_ctx", contextTokens);
            ask(load);
        }
    }

    JsonNode info() {
        return ask(Map.of("cmd", "info"));
    }

    private JsonNode ask(Map<String, Object> command) {
        try {
            commands.write(JsonMapper.shared().writeValueAsString(command));
            commands.newLine();
            commands.flush();
            String line = answers.readLine();
            if (line == null) {
                throw new IllegalStateException("llama.cpp's worker ended at " + command);
            }
            JsonNode answer = JsonMapper.shared().readTree(line);
            if (answer.has("error")) {
                throw new IllegalStateException(
                        "llama.cpp's worker: " + answer.path("error").asString());
            }
            return answer;
        } catch (IOException e) {
            throw new UncheckedIOException("llama.cpp's worker does not answer", e);
        }
    }

    @Override
    public void close() {
        process.destroy();
    }
}
