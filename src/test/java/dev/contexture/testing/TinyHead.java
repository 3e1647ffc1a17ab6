package dev.contexture.testing;

import dev.contexture.model.arch.ModelConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import tools.jackson.databind.json.JsonMapper;

/** Retrieval heads with random weights, written as the trainer writes trained ones. */
public final class TinyHead {
    private static final int BLOCK = 32;

    private final Random random = new Random(5);
    private final Map<String, Object> header = new LinkedHashMap<>();
    private final List<byte[]> bodies = new ArrayList<>();
    private int offset;

    /** What the file's config says; change it to make a file that does not fit. */
    public final Map<String, Object> config = new LinkedHashMap<>();

    /** What the file's header says of itself. */
    public final Map<String, String> metadata = new LinkedHashMap<>();

    /**
     * @param kvHeads of the head: the model's, or 1
     */
    public TinyHead(ModelConfig model, int groups, int kvHeads, int queryHeads, int headDim) {
        List<Integer> groupOfLayer = new ArrayList<>();
        for (int layer = 0; layer < model.layers(); layer++) {
            groupOfLayer.add(layer * groups / model.layers());
        }
        config.put("layers", model.layers());
        config.put("hidden", model.hidden());
        config.put("vocabulary", model.vocabulary());
        config.put("groups", groups);
        config.put("group_of_layer", groupOfLayer);
        config.put("kv_heads", kvHeads);
        config.put("query_heads", queryHeads);
        config.put("head_dim", headDim);
        config.put("feature_layers", List.of(0, model.layers() - 1));
        config.put("rope_base", 10000.0);
        config.put("norm_epsilon", 1e-5);
        config.put("trained_length", 256);
        config.put("weight_block", BLOCK);
        config.put("key_features", "own");
        metadata.put("format", "contexture-retrieval-head");
        metadata.put("version", "1");
        metadata.put("target_sha256", "a".repeat(64));
        int hidden = model.hidden();
        for (String norm : List.of("embedding_norm", "fused_norm", "feature_norm.0", "feature_norm.1")) {
            norm(norm, hidden);
        }
        product("fuse", hidden, 2 * hidden);
        product("key", groups * kvHeads * headDim, 2 * hidden);
        product("query", groups * queryHeads * headDim, 2 * hidden);
    }

    private void norm(String name, int width) {
        ByteBuffer body = body(width * Float.BYTES);
        for (int i = 0; i < width; i++) {
            body.putFloat((float) (1 + 0.2 * random.nextGaussian()));
        }
        tensor(name, "F32", List.of(width), body);
    }

    private void product(String name, int outputs, int inputs) {
        ByteBuffer codes = body(outputs * inputs);
        for (int i = 0; i < outputs * inputs; i++) {
            codes.put((byte) (random.nextInt(255) - 127));
        }
        tensor(name + ".codes", "I8", List.of(outputs, inputs), codes);
        ByteBuffer scales = body(outputs * inputs / BLOCK * Short.BYTES);
        for (int i = 0; i < outputs * inputs / BLOCK; i++) {
            scales.putShort(Float.floatToFloat16((float) (0.002 + 0.002 * random.nextDouble())));
        }
        tensor(name + ".scales", "F16", List.of(outputs, inputs / BLOCK), scales);
    }

    private static ByteBuffer body(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void tensor(String name, String type, List<Integer> shape, ByteBuffer body) {
        header.put(
                name, Map.of("dtype", type, "shape", shape, "data_offsets", List.of(offset, offset + body.capacity())));
        bodies.add(body.array());
        offset += body.capacity();
    }

    /** Leaves a tensor's name out of the header. */
    public TinyHead without(String tensor) {
        header.remove(tensor);
        return this;
    }

    public Path write(Path path) throws IOException {
        Map<String, String> said = new LinkedHashMap<>(metadata);
        said.put("config", JsonMapper.shared().writeValueAsString(config));
        Map<String, Object> whole = new LinkedHashMap<>(header);
        whole.put("__metadata__", said);
        byte[] json = JsonMapper.shared().writeValueAsString(whole).getBytes(StandardCharsets.UTF_8);
        ByteBuffer out = body(Long.BYTES + json.length + offset);
        out.putLong(json.length).put(json);
        bodies.forEach(out::put);
        return Files.write(path, out.array());
    }
}
