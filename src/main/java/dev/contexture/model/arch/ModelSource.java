package dev.contexture.model.arch;

import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An open model file or folder, whatever its format. Tensor names and layouts are those of Hugging Face checkpoints
 * ({@code model.layers.0.self_attn.q_proj.weight}); the readers translate their own names and undo format-specific row
 * orders on request of {@link #rowOrder}.
 */
public interface ModelSource extends AutoCloseable {
    /** How the rows of the query and key projections are ordered for rotary embedding. */
    enum RowOrder {
        /** Pairs (i, i + headDim / 2): Hugging Face checkpoints. */
        HALF_SPLIT,
        /** Pairs (2i, 2i + 1): GGUF files of the Llama family. */
        INTERLEAVED
    }

    ModelConfig config();

    /** All weights by Hugging Face name. */
    Map<String, TensorData> tensors();

    /** Whether all matrices are stored as bfloat16, so that computing in it changes no weight. */
    default boolean hasBrainFloatWeights() {
        return tensors().values().stream()
                .filter(tensor -> tensor.shape().size() == 2)
                .allMatch(tensor -> tensor.type() == TensorType.BF16);
    }

    /** Row order of {@code q_proj} and {@code k_proj} (weights and biases). */
    RowOrder rowOrder();

    /** Text of tokenizer.json: as found in the folder, or made from the file's metadata. */
    TokenizerDefinition tokenizer();

    /** The Jinja chat template, if the model brings one. */
    Optional<String> chatTemplate();

    @Override
    void close();

    /**
     * Everything that builds a tokenizer.
     *
     * @param json in the format of tokenizer.json
     * @param beginOfSequence text of the begin-of-sequence token, if there is one
     * @param endOfSequence ids of all tokens that end a generation
     */
    record TokenizerDefinition(
            String json,
            @Nullable String beginOfSequence,
            @Nullable String endOfSequenceText,
            java.util.Set<Integer> endOfSequence,
            boolean addBeginOfSequence) {
        public TokenizerDefinition {
            endOfSequence = java.util.Set.copyOf(endOfSequence);
        }
    }
}
