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
 * A long session, its process killed and started again: what the next turn's first token takes and reads, beside computing the
 * same, and whether the answer is that of the process that was not killed. Coming back whole in f16 everything is as it was, so
 * the answers must be equal; coming back in part the selection is another one.
 */
final class RestartBench {
    private static final int ANSWER_TOKENS = 32;
    private static final int RESIDENCY_TOKENS = 512;
    private static final String QUESTION = "What is the text above about? Answer in one sentence.";

    private final Options options;
    private final ModelFiles model;
    private final Path folder;
    private final List<Map<String, Object>> rows = new ArrayList<>();

    private RestartBench(Options options, ModelFiles model) {
        this.options = options;
        this.model = model;
        this.folder = Path.of("target", "bench", "restart").toAbsolutePath();
    }

    static void run(Options options) throws IOException, InterruptedException {
        ModelFiles model = BenchModel.fetch(options);
        RestartBench bench = new RestartBench(options, model);
        try (SessionTexts texts = new SessionTexts(options, model)) {
            BenchResult result = new BenchResult(options, model).with("texts", texts.provenance());
            String text = texts.message(0, options.number("tokens", 7000));
            for (String format : options.texts("formats", "f16,int8,int8-keys-int4-values")) {
                for (boolean partial : options.texts("restores", "whole,partial").stream()
                        .map("partial"::equals)
                        .toList()) {
                    bench.measure(format, partial, text);
                    result.write(bench.rows);
                }
            }
            result.writeAndSay(bench.rows);
        }
    }

    private Map<String, String> settings(String format, boolean partial) {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("contexture.data-dir", folder.resolve(format + partial).toString());
        settings.put("contexture.model.id", model.path().toAbsolutePath().toString());
        settings.put("contexture.engine.threads", Integer.toString(options.threads()));
        settings.put("contexture.redis.embedded", "true");
        settings.put("contexture.kv.stored-format", format);
        settings.put(
                "contexture.kv.partial-restore-tokens",
                Integer.toString(options.number("residency", RESIDENCY_TOKENS)));
        if (!partial) {
            settings.put("contexture.kv.partial-restore-tokens", "0");
        }
        return settings;
    }

    private void measure(String format, boolean partial, String text) throws IOException, InterruptedException {
        Map<String, String> settings = settings(format, partial);
        Files.createDirectories(folder);
        Path log = folder.resolve("service.log");
        String first;
        String full;
        String recomputed;
        Answer uninterrupted;
        double storedBytes;
        int tokens;
        ServiceProcess service = ServiceProcess.start(log, settings);
        String name;
        try {
            ServiceClient client = new ServiceClient(service);
            name = client.model();
            String session = client.createSession(name);
            Answer begun = client.chat(name, session, text, ANSWER_TOKENS, Map.of());
            tokens = begun.contexture().at("/session/tokens").asInt();
            first = client.fork(session);
            full = client.fork(session);
            recomputed = client.fork(session);
            storedBytes = client.awaitWritten(service);
            uninterrupted = client.chat(name, client.fork(session), QUESTION, ANSWER_TOKENS, Map.of());
        } finally {
            service.kill();
        }
        Answer cold;
        double readBytes;
        double restoreSeconds;
        double bringSeconds;
        double brings;
        service = ServiceProcess.start(log, settings);
        try {
            ServiceClient client = new ServiceClient(service);
            double before = service.metric("contexture_redis_bytes_total\\{direction=\"load\"[^}]*}");
            cold = client.chat(name, first, QUESTION, 1, Map.of());
            restoreSeconds = service.metric("contexture_kv_restore_time_seconds_sum");
            bringSeconds = service.metric("contexture_kv_bring_time_seconds_sum");
            brings = service.metric("contexture_kv_bring_time_seconds_count");
            readBytes = service.metric("contexture_redis_bytes_total\\{direction=\"load\"[^}]*}") - before;
        } finally {
            service.kill();
        }
        Answer again;
        service = ServiceProcess.start(log, settings);
        try {
            again = new ServiceClient(service).chat(name, full, QUESTION, ANSWER_TOKENS, Map.of());
        } finally {
            service.kill();
        }
        settings.put("contexture.kv.host-bytes", "0");
        Answer computed;
        service = ServiceProcess.start(log, settings);
        try {
            computed = new ServiceClient(service).chat(name, recomputed, QUESTION, 1, Map.of());
        } finally {
            service.close();
        }
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("format", format);
        row.put("partial", partial);
        row.put("session_tokens", tokens);
        row.put("choice", cold.contexture().at("/restore/choice").asString());
        row.put(
                "estimated_load_ms",
                cold.contexture().at("/restore/estimated_load_ms").asDouble());
        row.put("cached_tokens", cold.cachedTokens());
        row.put("ttft_seconds", cold.firstTokenSeconds());
        row.put("restore_seconds", restoreSeconds);
        row.put("bring_seconds", bringSeconds);
        row.put("bringing_steps", brings);
        row.put("ttft_recompute_seconds", computed.firstTokenSeconds());
        row.put("ttft_uninterrupted_seconds", uninterrupted.firstTokenSeconds());
        row.put("faster_than_recompute", computed.firstTokenSeconds() / cold.firstTokenSeconds());
        row.put("stored_bytes", storedBytes);
        row.put("read_bytes_before_first_token", readBytes);
        row.put("read_share", readBytes / storedBytes);
        row.put("answer_equals_uninterrupted", again.text().equals(uninterrupted.text()));
        row.put("answer", again.text());
        row.put("answer_uninterrupted", uninterrupted.text());
        rows.add(row);
        System.out.printf(
                Locale.ROOT,
                "%-22s %-7s %5d tokens: %-9s first token after %.3f s, computed %.2f s (%.1f x), read %.1f %% of %.1f MB,"
                        + " answer equal: %s; restore %.3f s, brought %.3f s in %.0f steps%n",
                format,
                partial ? "partial" : "whole",
                tokens,
                row.get("choice"),
                cold.firstTokenSeconds(),
                computed.firstTokenSeconds(),
                computed.firstTokenSeconds() / cold.firstTokenSeconds(),
                100 * readBytes / storedBytes,
                storedBytes / 1e6,
                row.get("answer_equals_uninterrupted"),
                restoreSeconds,
                bringSeconds,
                brings);
    }
}
