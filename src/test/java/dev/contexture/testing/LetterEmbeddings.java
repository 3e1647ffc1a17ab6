package dev.contexture.testing;

import dev.contexture.session.ContextLengthExceededException;
import dev.contexture.session.embedding.EmbeddingInput;
import dev.contexture.session.embedding.EmbeddingRequest;
import dev.contexture.session.embedding.EmbeddingResult;
import dev.contexture.session.embedding.EmbeddingService;
import java.util.ArrayList;
import java.util.List;
import reactor.core.publisher.Mono;

/** Vectors that count the letters a to z of texts, over the square root of 3: most of them no short decimals. A character is a token. */
public enum LetterEmbeddings implements EmbeddingService {
    INSTANCE;

    public static final String MODEL = "letters";
    private static final int LETTERS = 26;
    private static final int MOST_INPUT_TOKENS = 40;

    @Override
    public Mono<EmbeddingResult> embed(EmbeddingRequest request) {
        return Mono.fromSupplier(() -> {
            List<float[]> vectors = new ArrayList<>();
            int tokens = 0;
            for (EmbeddingInput input : request.inputs()) {
                if (!(input instanceof EmbeddingInput.Text given)) {
                    throw new AssertionError("only texts are given here");
                }
                String text = given.text();
                if (text.length() > MOST_INPUT_TOKENS) {
                    throw ContextLengthExceededException.ofInput(MOST_INPUT_TOKENS, text.length(), "input");
                }
                tokens += text.length();
                vectors.add(vector(text, request.dimensions().orElse(LETTERS)));
            }
            return new EmbeddingResult(vectors, tokens);
        });
    }

    private static float[] vector(String text, int dimensions) {
        float[] vector = new float[dimensions];
        text.chars()
                .map(c -> c - 'a')
                .filter(i -> i >= 0 && i < dimensions)
                .forEach(i -> vector[i] += (float) (1 / Math.sqrt(3)));
        return vector;
    }

    @Override
    public ModelDescription model() {
        return new ModelDescription(MODEL, LETTERS, MOST_INPUT_TOKENS, 3, 1000, 7);
    }
}
