package dev.contexture.model.graph;

import dev.contexture.core.Precision;
import dev.contexture.model.arch.QuantizedBlocks;
import dev.contexture.model.arch.TensorData;
import dev.contexture.model.graph.onnx.TensorProto.DataType;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * Token embeddings, and the output head where it uses the same weights.
 *
 * <p>A quantised table without minima and with 8-bit codes is gathered as it is stored and shared with the head's product;
 * other formats are gathered from a float32 table.
 */
final class EmbeddingTable {
    private static final String NAME = "embedding";

    private final TensorData tensor;
    private final LinearWeights weights;

    EmbeddingTable(TensorData tensor) {
        this.tensor = tensor;
        this.weights = new LinearWeights(NAME, List.of(new LinearWeights.Part(tensor, LinearWeights.RowMap.SAME)));
    }

    private boolean isGatheredQuantised() {
        if (!tensor.type().isQuantised()) {
            return false;
        }
        QuantizedBlocks blocks = QuantizedBlocks.of(tensor.type());
        return !blocks.hasMinimum() && blocks.bits() > 4;
    }

    /** Embeddings of the tokens: [rows, hidden]. */
    String emitGather(GraphBuilder graph, String tokenIds) throws IOException {
        if (!isGatheredQuantised()) {
            String table = weights.denseInitializer(graph);
            return graph.op("Gather", NAME + ".gather", List.of(table, tokenIds), Map.of("axis", 0L));
        }
        long hidden = tensor.shape().get(1);
        String codes = weights.codesInitializer(graph);
        String scales = weights.scalesInitializer(graph);
        String rows = graph.op("Gather", NAME + ".rows", List.of(codes, tokenIds), Map.of("axis", 0L));
        String floats =
                graph.op("Cast", NAME + ".floats", List.of(rows), Map.of("to", (long) DataType.FLOAT.getNumber()));
        String centred = graph.op("Sub", NAME + ".centred", List.of(floats, graph.scalar("zero_code", 128f)), Map.of());
        String rowScales = graph.op("Gather", NAME + ".row_scales", List.of(scales, tokenIds), Map.of("axis", 0L));
        String wide = graph.op(
                "Unsqueeze",
                NAME + ".wide_scales",
                List.of(rowScales, graph.longs("last_axis", List.of(1L), 2)),
                Map.of());
        String scaled = graph.op("Mul", NAME + ".scaled", List.of(centred, wide), Map.of());
        return graph.op(
                "Reshape",
                NAME + ".gather",
                List.of(scaled, graph.longs("hidden_shape", List.of(2L), -1, hidden)),
                Map.of());
    }

    /** The head with these weights: [rows, vocabulary]. Call {@link #emitGather} first. */
    String emitHead(GraphBuilder graph, Precision precision, String x) throws IOException {
        long hidden = tensor.shape().get(1);
        long vocabulary = tensor.shape().getFirst();
        if (!tensor.type().isQuantised()) {
            return graph.op("Gemm", "head", List.of(x, NAME + ".weight"), Map.of("transB", 1L));
        }
        if (!isGatheredQuantised()) {
            LinearWeights head =
                    new LinearWeights("head", List.of(new LinearWeights.Part(tensor, LinearWeights.RowMap.SAME)));
            return head.emit(graph, precision, x);
        }
        graph.node(
                GraphBuilder.MICROSOFT,
                "MatMulNBits",
                "head",
                List.of(x, NAME + ".codes", NAME + ".scales"),
                List.of("head"),
                Map.of(
                        "K",
                        hidden,
                        "N",
                        vocabulary,
                        "bits",
                        8L,
                        "block_size",
                        (long) QuantizedBlocks.of(tensor.type()).groupElements(),
                        "accuracy_level",
                        precision == Precision.FAST ? 4L : 0L));
        return "head";
    }
}
