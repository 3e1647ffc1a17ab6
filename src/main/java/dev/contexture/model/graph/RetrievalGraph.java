package dev.contexture.model.graph;

import dev.contexture.core.Precision;
import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.arch.TensorData;
import dev.contexture.model.graph.LinearWeights.Part;
import dev.contexture.model.graph.LinearWeights.RowMap;
import dev.contexture.model.graph.onnx.TensorProto.DataType;
import dev.contexture.model.head.RetrievalHeadConfig;
import dev.contexture.model.head.RetrievalHeadFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The retrieval head: what it reads of the decoder's hidden states, and its keys and queries, each a small graph beside the
 * decoder's. A position's features exist only once the decoder has run, but its successor's query is wanted before the decoder
 * runs again, and its key not before the recent window has passed it: so features wait in between, and keys are made of
 * many positions at once.
 */
final class RetrievalGraph {
    private final ModelSource source;
    private final RetrievalHeadFile head;
    private final RetrievalHeadConfig config;
    private final Precision precision;

    RetrievalGraph(ModelSource source, RetrievalHeadFile head, Precision precision) {
        this.source = source;
        this.head = head;
        this.config = head.config();
        this.precision = precision;
    }

    /** The head reads the hidden states behind these layers. */
    List<Integer> featureLayers() {
        return config.featureLayers();
    }

    /**
     * The decoder's part.
     *
     * @param states [rows, hidden] each, one per feature layer
     * @return [rows, featureWidth]
     */
    String emitFeatures(GraphBuilder graph, List<String> states) {
        graph.output(CompiledModel.FEATURES, DataType.FLOAT, "rows", config.featureWidth());
        return graph.op("Concat", "features.joined", states, Map.of("axis", 1L));
    }

    /** Tokens and their own features in; their keys go to the head's pool. */
    void emitKeys(GraphBuilder graph) throws IOException {
        String input = emitInputs(graph);
        graph.output(CompiledModel.APPENDED, DataType.INT64, 1);
        graph.node(
                GraphBuilder.CONTEXTURE,
                "RetrievalAppend",
                "append",
                List.of(emitFloats(graph, emitProduct(graph, "key", head.key(), input)), CompiledModel.RETRIEVAL),
                List.of(CompiledModel.APPENDED),
                Map.of());
    }

    /** Tokens and the features of the tokens before them in; what is selected for them goes to the native library. */
    void emitQuery(GraphBuilder graph) throws IOException {
        String input = emitInputs(graph);
        graph.output(CompiledModel.MASS, DataType.FLOAT, "sequences", config.groups() * config.kvHeads());
        graph.node(
                GraphBuilder.CONTEXTURE,
                "RetrievalSelect",
                "select",
                List.of(emitFloats(graph, emitProduct(graph, "query", head.query(), input)), CompiledModel.RETRIEVAL),
                List.of(CompiledModel.MASS),
                Map.of());
    }

    /** [rows, 2 hidden]: the normed embedding beside the fused features. */
    private String emitInputs(GraphBuilder graph) throws IOException {
        graph.input(CompiledModel.INPUT_IDS, DataType.INT64, "rows");
        graph.input(CompiledModel.FEATURES, DataType.FLOAT, "rows", config.featureWidth());
        graph.input(CompiledModel.RETRIEVAL, DataType.INT64, 1);
        String embedded = EmbeddingTable.of(source).emitGather(graph, precision, CompiledModel.INPUT_IDS);
        String normed = emitNorm(graph, "embedding_norm", embedded);
        return graph.op("Concat", "retrieval.input", List.of(normed, emitFused(graph)), Map.of("axis", 1L));
    }

    /** The features of each layer normed by themselves, all of them made one. */
    private String emitFused(GraphBuilder graph) throws IOException {
        int layers = config.featureLayers().size();
        List<String> parts = IntStream.range(0, layers)
                .mapToObj(i -> "retrieval.features." + i)
                .toList();
        long[] widths = new long[layers];
        Arrays.fill(widths, config.hidden());
        graph.node(
                "",
                "Split",
                "retrieval.features",
                List.of(emitInPrecision(graph), graph.longs("feature_widths", List.of((long) layers), widths)),
                parts,
                Map.of("axis", 1L));
        List<String> normed = new ArrayList<>();
        for (int i = 0; i < layers; i++) {
            normed.add(emitNorm(graph, "feature_norm." + i, parts.get(i)));
        }
        String joined = graph.op("Concat", "retrieval.normed_features", normed, Map.of("axis", 1L));
        return emitNorm(graph, "fused_norm", emitProduct(graph, "fuse", head.fuse(), joined));
    }

    /** Features come as float32, whatever the head computes with. */
    private String emitInPrecision(GraphBuilder graph) {
        return precision.isOnDevice()
                ? emitCast(graph, "retrieval.features.rounded", CompiledModel.FEATURES)
                : CompiledModel.FEATURES;
    }

    /** Keys and queries are taken as float32. */
    private String emitFloats(GraphBuilder graph, String x) {
        if (!precision.isOnDevice()) {
            return x;
        }
        return graph.op("Cast", x + ".floats", List.of(x), Map.of("to", (long) DataType.FLOAT.getNumber()));
    }

    private String emitCast(GraphBuilder graph, String name, String x) {
        return graph.op("Cast", name, List.of(x), Map.of("to", (long)
                GraphBuilder.type(precision).getNumber()));
    }

    private String emitNorm(GraphBuilder graph, String name, String x) throws IOException {
        float[] values = head.norm(name);
        String weight = graph.numbers("retrieval." + name, precision, List.of((long) values.length), numbers -> {
            for (float value : values) {
                numbers.put(value);
            }
        });
        String normed = "retrieval." + name + ".normed";
        graph.node(
                "",
                "SimplifiedLayerNormalization",
                normed,
                List.of(x, weight),
                List.of(normed),
                Map.of("axis", -1L, "epsilon", config.normEpsilon(), "stash_type", 1L));
        return normed;
    }

    /** By our own product in the fast mode: for the single rows of decoding it costs no more than reading the weights. */
    private String emitProduct(GraphBuilder graph, String name, TensorData tensor, String x) throws IOException {
        LinearWeights weights = new LinearWeights("retrieval." + name, List.of(new Part(tensor, RowMap.SAME)));
        return precision == Precision.FAST ? weights.emitInt8(graph, x) : weights.emit(graph, precision, x);
    }
}
