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
 * @param head the retrieval head's part, if the model has a head: the graph then also takes a pool and appends keys to it
 */
public record CompiledModel(Path graph, String fingerprint, ModelConfig config, Optional<Head> head) {
    /**
     * What belongs to the retrieval head.
     *
     * @param query a graph of its own over the weights of the same folder, run before a step: tokens [queries] and the fused
     *     features of the tokens before them to selections
     */
    public record Head(Path query, RetrievalHeadConfig config) {}

    /** Names of the graphs' inputs and outputs. */
    public static final String INPUT_IDS = "input_ids";

    public static final String STEP = "step";
    public static final String LOGIT_ROWS = "logit_rows";
    public static final String LOGITS = "logits";
    /** Inputs and outputs of graphs with a head: the id of its pool, and rows whose fused features are wanted. */
    public static final String RETRIEVAL = "retrieval";

    public static final String FUSED_ROWS = "fused_rows";
    /** [fused_rows, hidden]: hidden states behind the head's feature layers, made one. */
    public static final String FUSED = "fused";

    /** [1]: the number of keys appended. */
    public static final String APPENDED = "appended";
    /** [sequences, groups * kvHeads]: the share of the head's attention that the selection holds. */
    public static final String MASS = "mass";
}
