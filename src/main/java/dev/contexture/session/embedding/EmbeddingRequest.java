package dev.contexture.session.embedding;

import java.util.List;
import java.util.OptionalInt;

/**
 * Inputs whose vectors are wanted.
 *
 * @param dimensions numbers per vector; empty: all that the model has
 */
public record EmbeddingRequest(List<EmbeddingInput> inputs, OptionalInt dimensions) {
    public EmbeddingRequest {
        inputs = List.copyOf(inputs);
    }

    /** Texts as they are, with all dimensions. */
    public static EmbeddingRequest of(List<String> texts) {
        return new EmbeddingRequest(
                texts.stream().<EmbeddingInput>map(EmbeddingInput.Text::new).toList(), OptionalInt.empty());
    }
}
