package dev.contexture.bench;

import java.util.List;

/** Runs the suite that {@code bench.suite} names; docs/HACKING.md, Benchmarks, tells of all of them. */
public final class Bench {
    private Bench() {}

    public static void main(String[] arguments) throws Exception {
        Options options = new Options();
        String suite = options.text("suite", "speed");
        switch (suite) {
            case "speed" -> SpeedBench.run(options);
            case "sparse-speed" -> SparseSpeedBench.run(options);
            case "fidelity" -> FidelityBench.run(options);
            case "generation" -> GenerationBench.run(options);
            case "split" -> SplitBench.run(options);
            case "prefill" -> PrefillBench.run(options);
            case "v2f" -> V2fBench.run(options);
            case "codec" -> CodecBench.run(options);
            case "compression" -> CompressionBench.run(options);
            case "memory-plan" -> MemoryPlanBench.run(options);
            case "restart" -> RestartBench.run(options);
            case "never-slower" -> NeverSlowerBench.run(options);
            case "sessions" -> SessionsBench.run(options);
            case "embeddings" -> EmbeddingBench.run(options);
            case "structured" -> StructuredBench.run(options);
            case "device" -> DeviceBench.run(options, DeviceBench.Part.THROUGHPUT, DeviceBench.Part.FLAT);
            case "device-throughput" -> DeviceBench.run(options, DeviceBench.Part.THROUGHPUT);
            case "device-flat" -> DeviceBench.run(options, DeviceBench.Part.FLAT);
            default ->
                throw new IllegalArgumentException("bench.suite must be one of "
                        + List.of(
                                "speed",
                                "sparse-speed",
                                "fidelity",
                                "generation",
                                "split",
                                "prefill",
                                "v2f",
                                "codec",
                                "compression",
                                "memory-plan",
                                "restart",
                                "never-slower",
                                "sessions",
                                "embeddings",
                                "structured",
                                "device",
                                "device-throughput",
                                "device-flat")
                        + " but is "
                        + suite);
        }
    }
}
