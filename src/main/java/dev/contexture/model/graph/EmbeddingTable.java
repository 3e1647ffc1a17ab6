package dev.contexture.model.graph;

import dev.contexture.core.Precision;
import dev.contexture.model.arch.ModelConfig;
import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.arch.TensorData;
import dev.contexture.model.graph.onnx.TensorProto.DataType;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * Token embeddings, and the output head where it uses the same weights.
 *
 * <p>A quantised table without minima and with codes of more than 4 bits is gathered as it is stored, and the head's product
 * reads the same bytes; other formats are gathered from a float32 table.
 */
final class EmbeddingTable {
    private static final String NAME = "embedding";

    private final TensorData tensor;
    private final LinearWeights weights;

    static EmbeddingTable of(ModelSource source) {
        ModelConfig config = source.config();
        return new EmbeddingTable(
                DecoderGraph.weight(source, "model.embed_tokens.weight", config.vocabulary(), config.hidden()));
    }

    private EmbeddingTable(TensorData tensor) {
        this.tensor = tensor;
        this.weights = new LinearWeights(NAME, List.of(new LinearWeights.Part(tensor, LinearWeights.RowMap.SAME)));
    }

    /** Embeddings of the tokens: [rows, hidden]. */
    String emitGather(GraphBuilder graph, String tokenIds) throws IOException {
        if (!weights.fitsInt8()) {
            String table = weights.denseInitializer(graph);
            return graph.op("Gather", NAME + ".gather", List.of(table, tokenIds), Map.of("axis", 0L));
        }
        long hidden = tensor.shape().get(1);
        long group = weights.groupElements();
        String codes = weights.signedCodesInitializer(graph);
        String scales = weights.scalesInitializer(graph);
        String rows = graph.op("Gather", NAME + ".rows", List.of(codes, tokenIds), Map.of("axis", 0L));
        String floats =
                graph.op("Cast", NAME + ".floats", List.of(rows), Map.of("to", (long) DataType.FLOAT.getNumber()));
        String grouped = graph.op(
                "Reshape",
                NAME + ".grouped",
                List.of(floats, graph.longs("groups_shape", List.of(3L), -1, hidden / group, group)),
                Map.of());
        String rowScales = graph.op("Gather", NAME + ".row_scales", List.of(scales, tokenIds), Map.of("axis", 0L));
        String wide = graph.op(
                "Unsqueeze",
                NAME + ".wide_scales",
                List.of(rowScales, graph.longs("last_axis", List.of(1L), 2)),
                Map.of());
        String scaled = graph.op("Mul", NAME + ".scaled", List.of(grouped, wide), Map.of());
        return graph.op(
                "Reshape",
                NAME + ".gather",
                List.of(scaled, graph.longs("hidden_shape", List.of(2L), -1, hidden)),
                Map.of());
    }

    /** The head with these weights: [rows, vocabulary]. Call {@link #emitGather} first. */
    String emitHead(GraphBuilder graph, Precision precision, String x) throws IOException {
        if (!tensor.type().isQuantised()) {
            return graph.op("Gemm", "head", List.of(x, NAME + ".weight"), Map.of("transB", 1L));
        }
        if (weights.fitsInt8()) {
            return weights.emitInt8(graph, x);
        }
        return new LinearWeights("head", List.of(new LinearWeights.Part(tensor, LinearWeights.RowMap.SAME)))
                .emit(graph, precision, x);
    }
}
