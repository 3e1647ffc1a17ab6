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
import java.util.List;
import java.util.Map;

/**
 * The retrieval head: its keys as a part of the decoder's graph, its query as a small graph beside it. A position's features
 * exist only once the decoder has run, but its successor's query is wanted before the decoder runs again: so the fused
 * features wait in between.
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
     * Hidden states of all rows of a step in; keys go to the head's pool, fused features of some rows come out.
     *
     * @param embedded the rows' token embeddings
     * @param states one per feature layer
     */
    void emitKeys(GraphBuilder graph, String embedded, List<String> states) throws IOException {
        graph.input(CompiledModel.RETRIEVAL, DataType.INT64, 1);
        graph.input(CompiledModel.FUSED_ROWS, DataType.INT64, "fused_rows");
        graph.output(CompiledModel.FUSED, DataType.FLOAT, "fused_rows", config.hidden());
        graph.output(CompiledModel.APPENDED, DataType.INT64, 1);
        List<String> normed = new ArrayList<>();
        for (int i = 0; i < states.size(); i++) {
            normed.add(emitNorm(graph, "feature_norm." + i, states.get(i)));
        }
        String joined = normed.size() == 1
                ? normed.getFirst()
                : graph.op("Concat", "retrieval.normed_features", normed, Map.of("axis", 1L));
        String fused = emitNorm(graph, "fused_norm", emitProduct(graph, "fuse", head.fuse(), joined));
        String keys = emitProduct(graph, "key", head.key(), emitInput(graph, embedded, fused));
        graph.node(
                GraphBuilder.CONTEXTURE,
                "RetrievalAppend",
                "retrieval.append",
                List.of(keys, CompiledModel.RETRIEVAL),
                List.of(CompiledModel.APPENDED),
                Map.of());
        graph.op("Gather", CompiledModel.FUSED, List.of(fused, CompiledModel.FUSED_ROWS), Map.of("axis", 0L));
    }

    /** The current token of each sequence and the fused features before it in; its selection goes to the native library. */
    void emitQuery(GraphBuilder graph) throws IOException {
        graph.input(CompiledModel.INPUT_IDS, DataType.INT64, "sequences");
        graph.input(CompiledModel.FUSED, DataType.FLOAT, "sequences", config.hidden());
        graph.input(CompiledModel.RETRIEVAL, DataType.INT64, 1);
        graph.output(CompiledModel.MASS, DataType.FLOAT, "sequences", config.groups() * config.kvHeads());
        String embedded = EmbeddingTable.of(source).emitGather(graph, CompiledModel.INPUT_IDS);
        String input = emitInput(graph, embedded, CompiledModel.FUSED);
        String queries = emitProduct(graph, "query", head.query(), input);
        graph.node(
                GraphBuilder.CONTEXTURE,
                "RetrievalSelect",
                "select",
                List.of(queries, CompiledModel.RETRIEVAL),
                List.of(CompiledModel.MASS),
                Map.of());
    }

    /** [rows, 2 hidden]: the normed embedding beside the fused features. */
    private String emitInput(GraphBuilder graph, String embedded, String fused) throws IOException {
        String normed = emitNorm(graph, "embedding_norm", embedded);
        return graph.op("Concat", "retrieval.input", List.of(normed, fused), Map.of("axis", 1L));
    }

    private String emitNorm(GraphBuilder graph, String name, String x) throws IOException {
        float[] values = head.norm(name);
        String weight = graph.external("retrieval." + name, DataType.FLOAT, List.of((long) values.length), file -> {
            for (float value : values) {
                file.putFloat(value);
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
