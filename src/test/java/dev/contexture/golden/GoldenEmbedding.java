package dev.contexture.golden;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.List;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;

/**
 * A text with its token ids and its vector.
 *
 * @param vector of length 1
 */
@SuppressWarnings("ArrayRecordComponent")
public record GoldenEmbedding(String text, int[] ids, float[] vector) {
    public static List<GoldenEmbedding> all() {
        return StreamSupport.stream(
                        GoldenFile.json("embeddings.json").path("cases").spliterator(), false)
                .map(GoldenEmbedding::of)
                .toList();
    }

    private static GoldenEmbedding of(JsonNode json) {
        int[] ids = StreamSupport.stream(json.path("ids").spliterator(), false)
                .mapToInt(JsonNode::asInt)
                .toArray();
        return new GoldenEmbedding(
                json.path("text").asString(), ids, floats(json.path("vector").asString()));
    }

    /** What encoding_format=base64 stands for. */
    public static float[] floats(String base64) {
        byte[] bytes = Base64.getDecoder().decode(base64);
        float[] floats = new float[bytes.length / Float.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(floats);
        return floats;
    }

    public double cosine(float[] other) {
        return cosine(vector, other);
    }

    public static double cosine(float[] a, float[] b) {
        double product = 0;
        double squareOfA = 0;
        double squareOfB = 0;
        for (int i = 0; i < a.length; i++) {
            product += (double) a[i] * b[i];
            squareOfA += (double) a[i] * a[i];
            squareOfB += (double) b[i] * b[i];
        }
        return product / Math.sqrt(squareOfA * squareOfB);
    }

    @Override
    public String toString() {
        return text.substring(0, Math.min(30, text.length()));
    }
}
