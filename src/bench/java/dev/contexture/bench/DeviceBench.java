package dev.contexture.bench;

import dev.contexture.bench.GrowingBatch.Growth;
import dev.contexture.core.ExecutionProvider;
import dev.contexture.engine.Engine;
import dev.contexture.model.arch.ModelConfig;
import dev.contexture.nativelib.CudaDevices;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What a device makes of a large model's shape under a cap of memory: tokens per second for long prompts and long outputs, and
 * what a token costs at the end of short and long contexts; sparse and dense, over the same sequences of random tokens.
 *
 * <p>Steps are timed at some lengths only. Up to the next one sequences take in prompts, which leaves the same memory behind as
 * decoding and is much faster; {@link OutputShape} tells what that makes for a whole output.
 */
final class DeviceBench {
    /** So short that attention does not show: what is left of a run are its products. */
    private static final int NO_CONTEXT_TOKENS = 16;

    private static final int ROUND_TOKENS = 1024;

    private final DeviceParts parts;
    private final BenchResult result;
    private final Plan plan;
    private final StepTimes times = new StepTimes();
    private final Engine dense;
    private final Engine sparse;
    private final GrowingBatch.Settings sequenceSettings;
    private final List<Map<String, Object>> rows = new ArrayList<>();
    /** Of these modes the code is compiled by now. */
    private final SortedSet<Boolean> warm = new TreeSet<>();

    private long peakBytes;

    /** What of a suite is run. */
    enum Part {
        THROUGHPUT,
        FLAT
    }

    /**
     * How steps are timed.
     *
     * @param steps at each length: a multiple of the runs by which the head makes its keys, so that each has its share
     * @param firstWarmUp before the first of a mode, until its code is compiled
     * @param chunk rows of a step that takes in prompts
     * @param batch 0: as large as fits
     */
    private record Plan(int warmUp, int firstWarmUp, int steps, int chunk, int batch, long seed, List<String> modes) {
        /** What decoding adds behind a length. */
        int decodedTokens() {
            return modes.size() * (Math.max(warmUp, firstWarmUp) + steps);
        }
    }

    private DeviceBench(DeviceParts parts, BenchResult result, Plan plan, int budget) {
        this.parts = parts;
        this.result = result;
        this.plan = plan;
        this.sequenceSettings = new GrowingBatch.Settings(parts.policy(budget), plan.chunk, plan.seed);
        this.dense = parts.engine(false, times);
        // Where nothing is to select, the head need not look at prompts.
        this.sparse = plan.modes.contains("sparse") ? parts.engine(true, times) : dense;
    }

    static void run(Options options, Part... wanted) throws IOException, InterruptedException {
        ExecutionProvider provider =
                ExecutionProvider.valueOf(options.text("provider", "cuda").toUpperCase(Locale.ROOT));
        ModelShape shape = ModelShape.byName(options.text("shape", "llama-3.1-8b"));
        Path work = options.path("work", "target/bench/device");
        Plan plan = new Plan(
                options.number("warm-up", 4),
                options.number("first-warm-up", 64),
                options.number("steps", 16),
                options.number("chunk", 2048),
                options.number("batch", 0),
                options.number("seed", 1),
                options.texts("modes", "sparse,dense"));
        int budget = options.number("budget", 2048);
        long pinnedBytes = Long.parseLong(options.text("pinned-bytes", "0"));
        if (pinnedBytes > 0 && plan.batch == 0) {
            throw new IllegalArgumentException(
                    "bench.pinned-bytes wants bench.batch: selections of each sequence take room on the device");
        }
        DeviceParts.Settings settings = new DeviceParts.Settings(
                provider,
                work,
                shape,
                BenchWeights.byName(options.text("weights", "bf16")),
                new RandomHead.Shape(
                        options.number("head-groups", 4),
                        options.number("head-query-heads", 8),
                        options.number("head-dim", 128)),
                plan.seed,
                Long.parseLong(options.text("cap-bytes", "80000000000")),
                Long.parseLong(options.text("reserve-bytes", "3000000000")),
                pinnedBytes,
                plan.batch == 0 ? DeviceMemory.MOST_SEQUENCES : plan.batch,
                budget,
                options.threads());
        try (DeviceParts parts = new DeviceParts(settings)) {
            BenchResult result = new BenchResult(options, parts.model())
                    .with("device", CudaDevices.find(work.resolve("native")).words())
                    .with("open_seconds", parts.openSeconds())
                    .with("weight_bytes", parts.weightBytes())
                    .with("kv_pool_bytes", parts.poolBytes())
                    .with("kv_pool_tokens", parts.memory().tokensOf(1));
            System.out.println(parts.openSeconds());
            DeviceBench bench = new DeviceBench(parts, result, plan, budget);
            for (Part part : wanted) {
                switch (part) {
                    case THROUGHPUT -> bench.throughput(options);
                    case FLAT -> bench.flat(options);
                }
            }
            result.writeAndSay(bench.rows);
        }
    }

    private void throughput(Options options) throws IOException, InterruptedException {
        int points = options.number("points", 5);
        // Shapes of one total have one batch, and share what was measured.
        SortedMap<Integer, List<OutputShape>> byTotal = new TreeMap<>();
        for (String text : options.texts("shapes", "2k:16k,2k:32k,16k:2k,32k:2k")) {
            OutputShape shape = OutputShape.parse(text);
            byTotal.computeIfAbsent(shape.total(), any -> new ArrayList<>()).add(shape);
        }
        for (var entry : byTotal.entrySet()) {
            int tokens = entry.getKey() + plan.decodedTokens();
            int fitting = parts.memory().batch(tokens);
            int batch = plan.batch == 0 ? fitting : plan.batch;
            if (batch == 0 || batch > fitting || tokens > parts.config().contextLength()) {
                throw new IllegalArgumentException("of sequences of " + tokens + " tokens " + fitting
                        + " fit, but a batch of " + batch + " is wanted; the model was made for "
                        + parts.config().contextLength() + " tokens");
            }
            SortedSet<Integer> lengths = new TreeSet<>();
            entry.getValue().forEach(shape -> lengths.addAll(shape.lengths(points)));
            Curves curves = measure(batch, lengths);
            for (OutputShape shape : entry.getValue()) {
                plan.modes.forEach(mode -> addThroughput(shape, mode, batch, curves));
            }
            result.write(rows);
        }
    }

    /** By length: milliseconds of a step per mode, and what the prompts up to there took. */
    private record Curves(Map<String, SortedMap<Integer, Double>> stepMillis, SortedMap<Integer, Growth> growth) {}

    private void addThroughput(OutputShape shape, String mode, int batch, Curves curves) {
        double decodeSeconds = shape.decodeSeconds(curves.stepMillis.getOrDefault(mode, new TreeMap<>()));
        double prefillSeconds =
                curves.growth.getOrDefault(shape.in(), Growth.NONE).seconds(shape.in(), isSparse(mode));
        double tokens = (double) batch * shape.out();
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("kind", "throughput");
        row.put("contender", "contexture " + mode);
        row.put("in", shape.in());
        row.put("out", shape.out());
        row.put("batch", batch);
        row.put("prefill_seconds", prefillSeconds);
        row.put("decode_seconds", decodeSeconds);
        row.put("decode_tokens_per_second", tokens / decodeSeconds);
        row.put("tokens_per_second", tokens / (decodeSeconds + prefillSeconds));
        row.put("peak_device_bytes", peakBytes);
        rows.add(row);
        System.out.printf(
                Locale.ROOT,
                "%-16s %-6s batch %2d: %.0f tokens/s, %.0f with prefill (%.1f s)%n",
                shape,
                mode,
                batch,
                tokens / decodeSeconds,
                tokens / (decodeSeconds + prefillSeconds),
                prefillSeconds);
    }

    private static boolean isSparse(String mode) {
        return switch (mode) {
            case "sparse" -> true;
            case "dense" -> false;
            default -> throw new IllegalArgumentException("bench.modes are sparse and dense, not " + mode);
        };
    }

    private Curves measure(int batch, SortedSet<Integer> lengths) throws IOException, InterruptedException {
        Curves curves = new Curves(new LinkedHashMap<>(), new TreeMap<>());
        try (GrowingBatch sequences = new GrowingBatch(parts, sequenceSettings, batch, dense, sparse)) {
            Growth growth = sequences.growTo(NO_CONTEXT_TOKENS, times);
            decode(sequences, "dense");
            double productMillis = times.mean(StepTimes.Step::run);
            addSteps(batch, NO_CONTEXT_TOKENS, "dense", productMillis);
            for (int length : lengths) {
                growth = growth.plus(sequences.growTo(length, times));
                curves.growth.put(length, growth);
                for (String mode : plan.modes) {
                    if (isSparse(mode) && !sequences.selectsNext()) {
                        throw new IllegalArgumentException("at " + length + " tokens nothing is selected yet");
                    }
                    decode(sequences, mode);
                    addSteps(batch, length, mode, productMillis);
                    curves.stepMillis
                            .computeIfAbsent(mode, any -> new TreeMap<>())
                            .put(length, times.mean(StepTimes.Step::total));
                }
                peakBytes = Math.max(peakBytes, DeviceMemory.usedBytes().orElse(0));
                result.with("peak_device_bytes", peakBytes).write(rows);
            }
            if (sequences.fallbackSteps() > 0) {
                throw new IllegalStateException(sequences.fallbackSteps() + " sparse steps attended to everything");
            }
        }
        return curves;
    }

    /** Sparse before dense: see {@link GrowingBatch#decode}. */
    private void decode(GrowingBatch sequences, String mode) {
        boolean selects = isSparse(mode);
        sequences.decode(selects, warm.add(selects) ? plan.firstWarmUp : plan.warmUp, times);
        times.clear();
        parts.traffic().clear();
        sequences.decode(selects, plan.steps, times);
    }

    private void addSteps(int batch, int length, String mode, double productMillis) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("kind", "step");
        row.put("contender", "contexture " + mode);
        row.put("batch", batch);
        row.put("length", length);
        row.putAll(times.row());
        row.putAll(parts.traffic().row(plan.steps));
        row.put("products_ms", productMillis);
        row.put("attention_ms", times.mean(StepTimes.Step::run) - productMillis);
        rows.add(row);
        System.out.printf(Locale.ROOT, "%2d sequences of %6d, %-6s %s%n", batch, length, mode, times);
    }

    private void flat(Options options) throws IOException, InterruptedException {
        ModelConfig model = parts.config();
        for (int batch : options.numbers("sequences", "1,16")) {
            int most = parts.memory().tokensOf(batch) - plan.decodedTokens();
            SortedSet<Integer> lengths = new TreeSet<>();
            for (int wanted : options.numbers("lengths", "4096,32768,131072")) {
                // The model's longest context has to hold what is decoded, too.
                int length = Math.min(wanted, model.contextLength() - plan.decodedTokens());
                if (length <= most) {
                    lengths.add(length);
                } else {
                    rows.add(Map.of("kind", "does not fit", "batch", batch, "length", length));
                    System.out.printf(Locale.ROOT, "%2d sequences of %6d do not fit%n", batch, length);
                    lengths.add(most > ROUND_TOKENS ? most - most % ROUND_TOKENS : most);
                }
            }
            Curves curves = measure(batch, lengths);
            for (String mode : plan.modes) {
                SortedMap<Integer, Double> steps = curves.stepMillis.getOrDefault(mode, new TreeMap<>());
                List<Double> millis = List.copyOf(steps.values());
                double growth = millis.getLast() / millis.getFirst();
                Map<String, Object> row = new LinkedHashMap<>();
                row.put("kind", "growth");
                row.put("contender", "contexture " + mode);
                row.put("batch", batch);
                row.put("from", steps.firstKey());
                row.put("to", steps.lastKey());
                row.put("ratio", growth);
                rows.add(row);
                System.out.printf(
                        Locale.ROOT,
                        "%2d sequences, %s: a step at %d tokens takes %.2f times that at %d%n",
                        batch,
                        mode,
                        steps.lastKey(),
                        growth,
                        steps.firstKey());
            }
            result.write(rows);
        }
    }
}
