package dev.contexture.model.graph;

import dev.contexture.model.arch.ModelConfig;
import dev.contexture.model.head.RetrievalHeadConfig;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A graph that is ready to run.
 *
 * @param graph the ONNX file; its weights lie beside it
 * @param fingerprint of everything that the graph's numbers depend on
 * @param head the retrieval head's graphs, if the model has a head
 */
public record CompiledModel(Path graph, String fingerprint, ModelConfig config, Optional<Head> head) {
    /**
     * The retrieval head as two graphs over the weights of the same folder.
     *
     * @param keys run behind each step: tokens [rows] and features [rows, featureWidth] to keys, which it appends, and the
     *     fused features [fused_rows, hidden] of some rows
     * @param query run before a step: tokens [sequences] and the fused features of the tokens before them to selections
     */
    public record Head(Path keys, Path query, RetrievalHeadConfig config) {}

    /** Names of the graphs' inputs and outputs. */
    public static final String INPUT_IDS = "input_ids";

    public static final String STEP = "step";
    public static final String LOGIT_ROWS = "logit_rows";
    public static final String LOGITS = "logits";
    /** [rows, featureWidth]: hidden states behind the head's feature layers; an output of graphs compiled with a head. */
    public static final String FEATURES = "features";

    public static final String RETRIEVAL = "retrieval";
    public static final String FUSED_ROWS = "fused_rows";
    public static final String FUSED = "fused";
    public static final String APPENDED = "appended";
    /** [sequences, groups, kvHeads]: the share of the head's attention that the selection holds. */
    public static final String MASS = "mass";
}
