package dev.contexture.bench;

import dev.contexture.kv.memory.MemoryModel;
import dev.contexture.kv.memory.MemoryReport;
import dev.contexture.kv.memory.PlacementSettings;
import dev.contexture.kv.memory.PlacementSimulator;
import dev.contexture.kv.memory.PlacementSimulator.Outcome;
import dev.contexture.kv.memory.PlacementSimulator.Trace;
import dev.contexture.model.store.ModelFiles;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What the memory model plans for larger models on larger devices, and what the placement makes of a trace. No measurement. */
final class MemoryPlanBench {
    private static final List<Integer> SEQUENCES = List.of(1, 4, 16, 32);
    private static final long STEPS = 1_000_000;
    private static final double RUNTIME_SHARE = 0.1;
    private static final int BUDGET_TOKENS = 2048;

    /** Shapes of a model; keys and values in 16 bits. */
    private record Shapes(String name, double weightGigabytes, int layers, int kvHeads, int headDim) {
        MemoryModel on(int gibibytes) {
            int layerTokenBytes = 4 * kvHeads * headDim;
            return new MemoryModel(
                    (long) gibibytes << 30,
                    (long) (weightGigabytes * 1e9),
                    RUNTIME_SHARE,
                    layers,
                    layerTokenBytes,
                    layerTokenBytes / 2,
                    BUDGET_TOKENS);
        }
    }

    private MemoryPlanBench() {}

    static void run(Options options) throws IOException, InterruptedException {
        ModelFiles model = BenchModel.fetch(options);
        BenchResult result = new BenchResult(options, model).with("budget_tokens", BUDGET_TOKENS);
        List<Map<String, Object>> rows = new ArrayList<>();
        for (Shapes shapes : List.of(
                new Shapes("8B, 16 bits", 16.06, 32, 8, 128),
                new Shapes("70B, 16 bits", 141.1, 80, 8, 128),
                new Shapes("70B, 4 bits", 39.7, 80, 8, 128))) {
            for (int gibibytes : new int[] {24, 80, 141}) {
                MemoryModel memory = shapes.on(gibibytes);
                MemoryReport.of(shapes.name + " on " + gibibytes + " GiB", memory, SEQUENCES)
                        .forEach(System.out::println);
                rows.add(row(shapes.name, gibibytes, memory));
            }
        }
        result.writeAndSay(rows);
    }

    private static Map<String, Object> row(String name, int gibibytes, MemoryModel memory) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("model", name);
        row.put("gibibytes", gibibytes);
        row.put("fits", memory.freeBytes() > 0);
        if (memory.freeBytes() <= 0) {
            return row;
        }
        for (int sequences : SEQUENCES) {
            List<Long> thresholds = new ArrayList<>();
            for (int layers = 0; layers <= memory.layers(); layers++) {
                thresholds.add(memory.threshold(layers, sequences));
            }
            row.put("thresholds_" + sequences, thresholds);
        }
        // As many tokens at a time as about half of the layers leave room for.
        double prompt = memory.threshold(memory.layers() / 2, 16) / 16.0;
        Outcome outcome = new PlacementSimulator(
                        memory, PlacementSettings.DEFAULT, new Trace(0.02, 16, Math.max(1, prompt), 1_000), 1)
                .run(STEPS);
        row.put("mean_prompt_tokens", prompt);
        row.put("steps", outcome.steps);
        row.put("moves", outcome.moves);
        row.put("most_host_layers", outcome.mostHostLayers);
        row.put("mirrored_bytes", outcome.mirroredBytes);
        row.put("exposed_bytes", outcome.exposedBytes);
        row.put("returned_bytes", outcome.returnedBytes);
        row.put("waits", outcome.waits);
        System.out.printf(
                Locale.ROOT,
                "  16 sequences of %.0f tokens on average, %d steps: %d moves, %.1f GB mirrored, %.1f GB exposed%n",
                prompt,
                outcome.steps,
                outcome.moves,
                outcome.mirroredBytes / 1e9,
                outcome.exposedBytes / 1e9);
        return row;
    }
}
