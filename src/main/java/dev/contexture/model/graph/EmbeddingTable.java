package dev.contexture.model.graph;

import dev.contexture.core.Precision;
import dev.contexture.model.arch.ModelConfig;
import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.arch.TensorData;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * Token embeddings, and the output head where it uses the same weights.
 *
 * <p>A quantised table without minima and with codes of more than 4 bits is gathered as it is stored, and the head's product
 * reads the same bytes; other formats are gathered from a float32 table. On CUDA devices all that stays quantised is.
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
    String emitGather(GraphBuilder graph, Precision precision, String tokenIds) throws IOException {
        if (precision.isOnDevice() || !weights.fitsInt8()) {
            return weights.emitRows(graph, precision, tokenIds);
        }
        graph.node(
                GraphBuilder.CONTEXTURE,
                "Int8Rows",
                NAME + ".gather",
                List.of(weights.signedCodesInitializer(graph), weights.scalesInitializer(graph), tokenIds),
                List.of(NAME + ".gather"),
                Map.of("block", (long) weights.groupElements()));
        return NAME + ".gather";
    }

    /** The head with these weights: [rows, vocabulary]. Call {@link #emitGather} first. */
    String emitHead(GraphBuilder graph, Precision precision, String x) throws IOException {
        if (precision.isOnDevice() || !tensor.type().isQuantised()) {
            return weights.emit(graph, precision, x);
        }
        if (weights.fitsInt8()) {
            return weights.emitInt8(graph, x);
        }
        return new LinearWeights("head", List.of(new LinearWeights.Part(tensor, LinearWeights.RowMap.SAME)))
                .emit(graph, precision, x);
    }
}
