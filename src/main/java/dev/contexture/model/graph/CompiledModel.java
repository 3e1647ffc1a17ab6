package dev.contexture.model.graph;

import dev.contexture.model.arch.ModelConfig;
import java.nio.file.Path;

/**
 * A graph that is ready to run.
 *
 * @param graph the ONNX file; its weights lie beside it
 * @param fingerprint of everything that the graph's numbers depend on
 */
public record CompiledModel(Path graph, String fingerprint, ModelConfig config) {
    /** Names of the graph's inputs and its output. */
    public static final String INPUT_IDS = "input_ids";

    public static final String STEP = "step";
    public static final String LOGIT_ROWS = "logit_rows";
    public static final String LOGITS = "logits";
}
