package dev.contexture.bench;

import dev.contexture.bench.ServiceClient.Answer;
import dev.contexture.model.store.ModelFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Many sessions in turn under a KV pool that holds a few of them, beside one that holds all: whether all go on as they should,
 * what is found and moved, and what first and further tokens take.
 */
final class SessionsBench {
    private static final int ANSWER_TOKENS = 16;
    private static final List<String> QUESTIONS =
            List.of("What is the text above about?", "Name one thing that it mentions.");

    private final Options options;
    private final ModelFiles model;
    private final int sessions;
    private final int tokens;
    private final Path folder = Path.of("target", "bench", "sessions").toAbsolutePath();

    private SessionsBench(Options options, ModelFiles model) {
        this.options = options;
        this.model = model;
        this.sessions = options.number("sessions", 32);
        this.tokens = options.number("tokens", 4000);
    }

    /** What one run gave. */
    private record Run(List<String> texts, Map<String, Object> row) {}

    static void run(Options options) throws IOException, InterruptedException {
        ModelFiles model = BenchModel.fetch(options);
        SessionsBench bench = new SessionsBench(options, model);
        try (SessionTexts texts = new SessionTexts(options, model)) {
            BenchResult result = new BenchResult(options, model).with("texts", texts.provenance());
            List<Map<String, Object>> rows = new ArrayList<>();
            Run all = bench.measure(texts, "all in the pool", "4GB", Map.of());
            rows.add(all.row);
            result.write(rows);
            for (boolean partial : new boolean[] {false, true}) {
                Run few = bench.measure(
                        texts,
                        partial ? "4 in the pool, partial restores" : "4 in the pool, whole restores",
                        options.text("device-bytes", "420MB"),
                        partial ? Map.of() : Map.of("contexture.kv.partial-restore-tokens", "0"));
                int equal = 0;
                for (int i = 0; i < few.texts.size(); i++) {
                    equal += few.texts.get(i).equals(all.texts.get(i)) ? 1 : 0;
                }
                few.row.put("answers_equal_to_all_in_the_pool", equal);
                rows.add(few.row);
                System.out.printf(Locale.ROOT, "  answers equal: %d of %d%n", equal, few.texts.size());
                result.write(rows);
            }
            result.writeAndSay(rows);
        }
    }

    private Run measure(SessionTexts texts, String name, String deviceBytes, Map<String, String> more)
            throws IOException, InterruptedException {
        Files.createDirectories(folder);
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("contexture.data-dir", folder.resolve("data").toString());
        settings.put("contexture.model.id", model.path().toAbsolutePath().toString());
        settings.put("contexture.engine.threads", Integer.toString(options.threads()));
        settings.put("contexture.engine.context-length", Integer.toString(tokens + 600));
        settings.put("contexture.redis.embedded", "false");
        settings.put("contexture.kv.device-bytes", deviceBytes);
        settings.put("contexture.kv.host-bytes", "4GB");
        settings.put("contexture.kv.stored-format", "f16");
        settings.putAll(more);
        List<String> answers = new ArrayList<>();
        List<Double> first = new ArrayList<>();
        List<Double> gaps = new ArrayList<>();
        long prompt = 0;
        long cached = 0;
        double mostPages = 0;
        try (ServiceProcess service = ServiceProcess.start(folder.resolve("service.log"), settings)) {
            ServiceClient client = new ServiceClient(service);
            String served = client.model();
            List<String> ids = new ArrayList<>();
            for (int i = 0; i < sessions; i++) {
                ids.add(client.createSession(served));
                answers.add(client.chat(served, ids.get(i), texts.message(i, tokens), ANSWER_TOKENS, Map.of())
                        .text());
                System.out.printf(Locale.ROOT, "%s: session %d of %d%n", name, i + 1, sessions);
            }
            for (String question : QUESTIONS) {
                for (String id : ids) {
                    Answer answer = client.chat(served, id, question, ANSWER_TOKENS, Map.of());
                    answers.add(answer.text());
                    first.add(answer.firstTokenSeconds());
                    gaps.addAll(answer.gapSeconds());
                    prompt += answer.promptTokens();
                    cached += answer.cachedTokens();
                    mostPages = Math.max(
                            mostPages,
                            service.metric("contexture_kv_cache_pages")
                                    - service.metric("contexture_kv_cache_free_pages"));
                }
            }
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("run", name);
            row.put("device_bytes", deviceBytes);
            row.put("most_page_bytes_in_use", mostPages * service.metric("contexture_kv_cache_page_size_bytes"));
            row.put("found_share", (double) cached / prompt);
            row.put("restored_tokens", service.metric("contexture_kv_restored_tokens_total"));
            row.put("restored_bytes", service.metric("contexture_kv_restored_bytes_total"));
            row.put("brought_bytes", service.metric("contexture_kv_brought_bytes_total"));
            row.put("stored_bytes", service.metric("contexture_kv_stored_bytes_total"));
            row.put("ttft_seconds_median", median(first));
            row.put("ttft_seconds_p95", quantile(first, 0.95));
            row.put("tpot_seconds_median", median(gaps));
            System.out.printf(
                    Locale.ROOT,
                    "%s: found %.3f, first token %.3f s (95th percentile %.3f), further %.4f s, restored %.0f MB%n",
                    name,
                    (double) cached / prompt,
                    median(first),
                    quantile(first, 0.95),
                    median(gaps),
                    service.metric("contexture_kv_restored_bytes_total") / 1e6);
            return new Run(answers, row);
        }
    }

    private static double median(List<Double> values) {
        return quantile(values, 0.5);
    }

    private static double quantile(List<Double> values, double share) {
        return Statistics.quantile(values.stream().mapToDouble(d -> d).toArray(), share);
    }
}
