package dev.contexture.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.contexture.session.embedding.EmbeddingResult;
import io.swagger.v3.oas.annotations.media.Schema;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** The answer of POST /v1/embeddings. */
final class EmbeddingWire {
    private EmbeddingWire() {}

    @Schema(name = "EmbeddingList")
    record Embeddings(
            @JsonProperty("object") String object,
            @JsonProperty("data") List<Embedding> data,
            @JsonProperty("model") String model,
            @JsonProperty("usage") Usage usage) {
        static Embeddings of(EmbeddingResult result, String model, EmbeddingRequests.Encoding encoding) {
            List<Embedding> data = new ArrayList<>(result.vectors().size());
            for (float[] vector : result.vectors()) {
                Object written = switch (encoding) {
                    case FLOAT -> vector;
                    case BASE64 -> base64(vector);
                };
                data.add(new Embedding("embedding", data.size(), written));
            }
            return new Embeddings("list", data, model, new Usage(result.promptTokens(), result.promptTokens()));
        }
    }

    /**
     * @param embedding an array of numbers, or a string
     */
    @Schema(name = "Embedding")
    record Embedding(
            @JsonProperty("object") String object,
            @JsonProperty("index") int index,

            @Schema(description = "An array of numbers; with encoding_format=base64 a string")
            @JsonProperty("embedding")
            Object embedding) {}

    @Schema(name = "EmbeddingUsage")
    record Usage(
            @JsonProperty("prompt_tokens") int promptTokens,
            @JsonProperty("total_tokens") int totalTokens) {}

    private static String base64(float[] vector) {
        ByteBuffer bytes = ByteBuffer.allocate(vector.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : vector) {
            bytes.putFloat(value);
        }
        return Base64.getEncoder().encodeToString(bytes.array());
    }
}
