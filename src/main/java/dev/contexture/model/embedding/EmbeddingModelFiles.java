package dev.contexture.model.embedding;

import dev.contexture.model.ModelFormatException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/**
 * An embedding model as it was published.
 *
 * @param id the name that clients use
 * @param graph ONNX: input_ids, attention_mask and token_type_ids [sequences, tokens] to last_hidden_state [sequences, tokens, dimensions]
 * @param tokenizer text of its tokenizer.json
 * @param dimensions of its vectors
 * @param longestTokens most tokens that it has positions for, special ones included
 */
@SuppressWarnings("ArrayRecordComponent")
public record EmbeddingModelFiles(String id, byte[] graph, String tokenizer, int dimensions, int longestTokens) {
    public static final String ALL_MINILM = "all-minilm-l6-v2";
    public static final int ALL_MINILM_DIMENSIONS = 384;
    public static final int ALL_MINILM_LONGEST_TOKENS = 512;

    /** The built-in model: all-MiniLM-L6-v2 with 8-bit weights. */
    public static EmbeddingModelFiles allMiniLm() {
        return new EmbeddingModelFiles(
                ALL_MINILM,
                resource("all-minilm-l6-v2-q.onnx"),
                new String(resource("all-minilm-l6-v2-q-tokenizer.json"), StandardCharsets.UTF_8),
                ALL_MINILM_DIMENSIONS,
                ALL_MINILM_LONGEST_TOKENS);
    }

    private static byte[] resource(String name) {
        try (InputStream in = EmbeddingModelFiles.class.getResourceAsStream("/embedding/" + name)) {
            if (in == null) {
                throw new ModelFormatException("this build has no embedding/" + name + ": build it again with Maven");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("embedding/" + name, e);
        }
    }
}
