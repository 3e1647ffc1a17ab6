package dev.contexture.session.embedding;

import dev.contexture.model.embedding.EmbeddingTokenizer;
import dev.contexture.session.ContextLengthExceededException;
import dev.contexture.session.InvalidPromptException;
import java.util.List;

/** From the inputs of a request to the token sequences that the model reads. */
final class EmbeddingSequences {
    private final EmbeddingTokenizer tokenizer;
    private final EmbeddingBounds bounds;

    EmbeddingSequences(EmbeddingTokenizer tokenizer, EmbeddingBounds bounds) {
        this.tokenizer = tokenizer;
        this.bounds = bounds;
    }

    /**
     * @return [inputs][tokens]
     * @throws InvalidPromptException if an input has nothing to read or names tokens that do not exist, or all have too many tokens
     * @throws ContextLengthExceededException if an input is too long, and such are refused
     */
    int[][] of(List<EmbeddingInput> inputs) {
        int[][] sequences = new int[inputs.size()][];
        int sum = 0;
        for (int i = 0; i < sequences.length; i++) {
            String param = inputs.size() == 1 ? "input" : "input[" + i + "]";
            sequences[i] = bounded(tokenizer.framed(ids(inputs.get(i), param)), param);
            sum += sequences[i].length;
            if (sum > bounds.maxRequestTokens()) {
                throw new InvalidPromptException(
                        "the first " + (i + 1) + " of " + inputs.size() + " inputs have " + sum
                                + " tokens already, and a request may have " + bounds.maxRequestTokens()
                                + ": send them in several requests",
                        "input");
            }
        }
        return sequences;
    }

    private int[] ids(EmbeddingInput input, String param) {
        int[] ids = switch (input) {
            case EmbeddingInput.Text text -> tokenizer.encode(text.text());
            case EmbeddingInput.Tokens given -> checked(given.tokenIds(), param);
        };
        if (ids.length == 0) {
            throw new InvalidPromptException(param + " has no tokens: send some text", param);
        }
        return ids;
    }

    private int[] checked(List<Integer> ids, String param) {
        int[] checked = new int[ids.size()];
        for (int i = 0; i < checked.length; i++) {
            int id = ids.get(i);
            if (id < 0 || id >= tokenizer.vocabularySize()) {
                throw new InvalidPromptException(
                        "token " + id + " at index " + i + " does not exist: the embedding model's vocabulary has "
                                + tokenizer.vocabularySize() + " tokens; send texts if yours are of another tokenizer",
                        param);
            }
            checked[i] = id;
        }
        return checked;
    }

    private int[] bounded(int[] sequence, String param) {
        int most = bounds.maxInputTokens();
        if (sequence.length <= most) {
            return sequence;
        }
        return switch (bounds.tooLong()) {
            case TRUNCATE -> tokenizer.cut(sequence, most);
            case REFUSE -> throw ContextLengthExceededException.ofInput(most, sequence.length, param);
        };
    }
}
