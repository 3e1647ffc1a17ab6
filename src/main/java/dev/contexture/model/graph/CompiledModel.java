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
 * @param head the retrieval head's part, if the model has a head: the graph then also gives features
 */
public record CompiledModel(Path graph, String fingerprint, ModelConfig config, Optional<Head> head) {
    /**
     * What belongs to the retrieval head: graphs of their own over the weights of the same folder.
     *
     * @param keys tokens and their features to keys, which the native library keeps
     * @param query run before a step: tokens and the features of the tokens before them to selections
     */
    public record Head(Path keys, Path query, RetrievalHeadConfig config) {}

    /** Names of the graphs' inputs and outputs. */
    public static final String INPUT_IDS = "input_ids";

    public static final String STEP = "step";
    public static final String LOGIT_ROWS = "logit_rows";
    public static final String LOGITS = "logits";
    /** [rows, feature layers * hidden]: the hidden states that the head reads, side by side. */
    public static final String FEATURES = "features";
    /** The id of the head's pool. */
    public static final String RETRIEVAL = "retrieval";

    /** [1]: the number of keys appended. */
    public static final String APPENDED = "appended";
    /** [sequences, groups * kvHeads]: the share of the head's attention that the selection holds. */
    public static final String MASS = "mass";

    /** Numbers of a row's features; 0 without a head. */
    public int featureWidth() {
        return head.map(part -> part.config().featureWidth()).orElse(0);
    }
}
