package dev.contexture.bench;

import dev.contexture.bench.ServiceClient.Answer;
import dev.contexture.model.store.ModelFiles;
import dev.contexture.testing.TestRedis;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Sessions that come back from a Redis behind networks of all kinds, beside the same service that keeps nothing below its pool and
 * computes: the first token must not come later, whatever the network. Both take their sessions' text from the same Redis by
 * the same network. Interleaved; a fresh process for each measurement with tiers, as host memory would have the blocks
 * otherwise.
 */
final class NeverSlowerBench {
    private static final String QUESTION = "Go on.";
    private static final int WARM_UP_TOKENS = 1_000;

    private final Options options;
    private final ModelFiles model;
    private final Path folder = Path.of("target", "bench", "never-slower").toAbsolutePath();
    private final Map<Cell, List<Double>> withTiers = new LinkedHashMap<>();
    private final Map<Cell, List<Double>> computed = new LinkedHashMap<>();
    private final Map<Cell, List<String>> choices = new LinkedHashMap<>();

    /**
     * @param roundTripMillis of the network
     * @param megabytesPerSecond 0: as fast as the machine
     */
    private record Cell(int tokens, int roundTripMillis, int megabytesPerSecond) {}

    private NeverSlowerBench(Options options, ModelFiles model) {
        this.options = options;
        this.model = model;
    }

    static void run(Options options) throws IOException, InterruptedException {
        ModelFiles model = BenchModel.fetch(options);
        try (SessionTexts texts = new SessionTexts(options, model)) {
            BenchResult result = new BenchResult(options, model).with("texts", texts.provenance());
            new NeverSlowerBench(options, model).measure(texts, result);
        }
    }

    private Map<String, String> settings(int port, String name, boolean tiers) {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("contexture.data-dir", folder.resolve(name).toString());
        settings.put("contexture.model.id", model.path().toAbsolutePath().toString());
        settings.put("contexture.engine.threads", Integer.toString(options.threads()));
        settings.put("contexture.redis.url", "redis://:" + TestRedis.PASSWORD + "@127.0.0.1:" + port);
        settings.put("contexture.redis.command-timeout", "2s");
        String key = Base64.getEncoder().encodeToString(new byte[32]);
        settings.put("contexture.security.tenant-secret", key);
        settings.put("contexture.security.master-keys.1", key);
        if (!tiers) {
            settings.put("contexture.kv.host-bytes", "0");
        }
        return settings;
    }

    private void measure(SessionTexts texts, BenchResult result) throws IOException, InterruptedException {
        List<Integer> lengths = options.numbers("lengths", "100,500,2000,7500");
        List<Integer> delays = options.numbers("delays", "0,2,20,200");
        List<Integer> rates = options.numbers("rates", "0,10");
        int repeats = options.number("repeats", 3);
        Files.createDirectories(folder);
        Path log = folder.resolve("service.log");
        try (TestRedis redis = TestRedis.start();
                SlowLink link = new SlowLink(redis.port())) {
            Map<Integer, String> sessions = new HashMap<>();
            String name;
            try (ServiceProcess service = ServiceProcess.start(log, settings(link.port(), "tiers", true))) {
                ServiceClient client = new ServiceClient(service);
                name = client.model();
                for (int length : lengths) {
                    String session = client.createSession(name);
                    // Each of another text: what was computed of one must not serve the next.
                    client.chat(name, session, texts.message(sessions.size(), length), 4, Map.of());
                    client.awaitWritten(service);
                    sessions.put(length, session);
                }
            }
            for (int repeat = 0; repeat < repeats; repeat++) {
                for (int rate : rates) {
                    for (int delay : delays) {
                        link.set(delay, rate);
                        try (ServiceProcess tiers = ServiceProcess.start(log, settings(link.port(), "tiers", true));
                                ServiceProcess without =
                                        ServiceProcess.start(log, settings(link.port(), "without", false))) {
                            ServiceClient loading = new ServiceClient(tiers);
                            ServiceClient computing = new ServiceClient(without);
                            String warmUp = texts.message(lengths.size(), WARM_UP_TOKENS);
                            warmUp(name, loading, warmUp);
                            warmUp(name, computing, warmUp);
                            for (int length : lengths) {
                                Cell cell = new Cell(length, delay, rate);
                                compare(cell, name, sessions.getOrDefault(length, ""), loading, computing);
                            }
                        }
                        result.write(rows());
                    }
                }
            }
        }
        result.writeAndSay(rows());
    }

    /** A virtual machine that has not compiled anything yet is not the network's fault. */
    private static void warmUp(String name, ServiceClient client, String text)
            throws IOException, InterruptedException {
        String session = client.createSession(name);
        client.chat(name, session, text, 16, Map.of());
        client.chat(name, session, QUESTION, 16, Map.of());
    }

    private void compare(Cell cell, String name, String session, ServiceClient loading, ServiceClient computing)
            throws IOException, InterruptedException {
        Answer loaded = loading.chat(name, loading.fork(session), QUESTION, 1, Map.of());
        Answer recomputed = computing.chat(name, computing.fork(session), QUESTION, 1, Map.of());
        withTiers.computeIfAbsent(cell, any -> new ArrayList<>()).add(loaded.firstTokenSeconds());
        computed.computeIfAbsent(cell, any -> new ArrayList<>()).add(recomputed.firstTokenSeconds());
        choices.computeIfAbsent(cell, any -> new ArrayList<>())
                .add(loaded.contexture().at("/restore/choice").asString("none"));
        System.out.printf(
                Locale.ROOT,
                "%5d tokens, %3d ms, %s: %.3f s, computed %.3f s (%.2f), %s%n",
                cell.tokens,
                cell.roundTripMillis,
                cell.megabytesPerSecond == 0 ? "unlimited" : cell.megabytesPerSecond + " MB/s",
                loaded.firstTokenSeconds(),
                recomputed.firstTokenSeconds(),
                loaded.firstTokenSeconds() / recomputed.firstTokenSeconds(),
                choices.get(cell).getLast());
    }

    private List<Map<String, Object>> rows() {
        List<Map<String, Object>> rows = new ArrayList<>();
        withTiers.forEach((cell, seconds) -> {
            double median =
                    Statistics.median(seconds.stream().mapToDouble(d -> d).toArray());
            double medianComputed = Statistics.median(computed.getOrDefault(cell, List.of()).stream()
                    .mapToDouble(d -> d)
                    .toArray());
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("tokens", cell.tokens);
            row.put("round_trip_ms", cell.roundTripMillis);
            row.put("megabytes_per_second", cell.megabytesPerSecond);
            row.put("ttft_seconds", median);
            row.put("ttft_computed_seconds", medianComputed);
            row.put("ratio", median / medianComputed);
            row.put("choices", choices.getOrDefault(cell, List.of()));
            row.put("runs", seconds.size());
            rows.add(row);
        });
        return rows;
    }
}
