package dev.contexture.model.head;

import dev.contexture.model.ModelFormatException;
import dev.contexture.model.arch.TensorData;
import dev.contexture.model.arch.TensorDecoder;
import dev.contexture.model.arch.TensorType;
import dev.contexture.model.safetensors.SafetensorsFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A trained retrieval head: one safetensors file with its shape and its target's checksum in the header, norms in float32,
 * products as whole numbers of 8 bits with a scale per block of 32 inputs.
 *
 * <p>With {@code e(token) = rms(embedding) * embedding_norm} and {@code f = rms(fuse · [rms(h_m) * feature_norm.m]) *
 * fused_norm}, the key of a position is {@code key · [e; f]} of that position, and the query is {@code query · [e; f]} of
 * the current token and the features of the position before it. Source: SpeContext, arXiv 2512.00722, section 4; the inputs
 * are ours.
 */
public final class RetrievalHeadFile implements AutoCloseable {
    private static final String FORMAT = "contexture-retrieval-head";
    private static final String VERSION = "1";
    private static final int BLOCK = 32;
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Arena arena;
    private final Map<String, TensorData> tensors;
    private final RetrievalHeadConfig config;
    private final String targetSha256;
    private final String sha256;

    private RetrievalHeadFile(Arena arena, SafetensorsFile.Contents contents, String sha256) {
        this.arena = arena;
        this.tensors = contents.tensors();
        this.sha256 = sha256;
        String format = contents.metadata().getOrDefault("format", "");
        String version = contents.metadata().getOrDefault("version", "");
        if (!format.equals(FORMAT) || !version.equals(VERSION)) {
            throw new ModelFormatException("it is no retrieval head of version " + VERSION + " (format '" + format
                    + "', version '" + version + "')");
        }
        this.targetSha256 = contents.metadata().getOrDefault("target_sha256", "");
        this.config = config(contents.metadata().getOrDefault("config", ""));
    }

    /**
     * @throws ModelFormatException if the file is no sound retrieval head
     */
    @SuppressWarnings("MustBeClosedChecker") // the file owns the arena
    public static RetrievalHeadFile open(Path path) throws IOException {
        Arena arena = Arena.ofShared();
        try {
            return new RetrievalHeadFile(arena, SafetensorsFile.read(path, arena), sha256(path));
        } catch (ModelFormatException e) {
            arena.close();
            throw new ModelFormatException("the retrieval head " + path + " cannot be used: " + e.getMessage(), e);
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    private static String sha256(Path path) throws IOException {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(path)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static RetrievalHeadConfig config(String text) {
        JsonNode json;
        try {
            json = JsonMapper.shared().readTree(text);
        } catch (JacksonException e) {
            throw new ModelFormatException("its config is no JSON: " + e.getOriginalMessage(), e);
        }
        if (json.path("weight_block").asInt(0) != BLOCK) {
            throw new ModelFormatException("its weights must come in blocks of " + BLOCK);
        }
        if (!json.path("key_features").asString("").equals("own")) {
            throw new ModelFormatException("its keys must be fed with the features of their own position");
        }
        return new RetrievalHeadConfig(
                json.path("layers").asInt(0),
                json.path("hidden").asInt(0),
                json.path("vocabulary").asInt(0),
                json.path("groups").asInt(0),
                ints(json.path("group_of_layer")),
                json.path("kv_heads").asInt(0),
                json.path("query_heads").asInt(0),
                json.path("head_dim").asInt(0),
                ints(json.path("feature_layers")),
                json.path("rope_base").asDouble(0),
                (float) json.path("norm_epsilon").asDouble(0),
                json.path("trained_length").asInt(0));
    }

    private static List<Integer> ints(JsonNode array) {
        List<Integer> values = new ArrayList<>();
        array.forEach(value -> values.add(value.asInt(-1)));
        return values;
    }

    public RetrievalHeadConfig config() {
        return config;
    }

    /** SHA-256 of the model's files that the head was trained for. */
    public String targetSha256() {
        return targetSha256;
    }

    /** SHA-256 of this file. */
    public String sha256() {
        return sha256;
    }

    /**
     * @param name embedding_norm, feature_norm.0 and so on, fused_norm
     * @return [hidden]
     */
    public float[] norm(String name) {
        TensorData tensor = tensor(name, TensorType.F32, config.hidden());
        float[] values = new float[config.hidden()];
        TensorDecoder.decode(tensor, 0, values);
        return values;
    }

    /** [hidden, featureWidth]. */
    public TensorData fuse() {
        return product("fuse", config.hidden(), config.featureWidth());
    }

    /** [keyWidth, 2 hidden]. */
    public TensorData key() {
        return product("key", config.keyWidth(), 2 * config.hidden());
    }

    /** [queryWidth, 2 hidden]. */
    public TensorData query() {
        return product("query", config.queryWidth(), 2 * config.hidden());
    }

    /** Codes and scales in the layout of Q8_0, which the graph compiler knows. */
    private TensorData product(String name, int outputs, int inputs) {
        TensorData codes = tensor(name + ".codes", TensorType.I8, outputs, inputs);
        TensorData scales = tensor(name + ".scales", TensorType.F16, outputs, inputs / BLOCK);
        TensorType type = TensorType.Q8_0;
        MemorySegment blocks = arena.allocate(type.bytesFor((long) outputs * inputs));
        for (long block = 0; block < scales.elements(); block++) {
            long at = block * type.blockBytes();
            blocks.set(SHORT, at, scales.data().get(SHORT, block * Short.BYTES));
            MemorySegment.copy(codes.data(), block * BLOCK, blocks, at + Short.BYTES, BLOCK);
        }
        return new TensorData(name, type, List.of((long) outputs, (long) inputs), blocks);
    }

    private TensorData tensor(String name, TensorType type, long... shape) {
        TensorData tensor = tensors.get(name);
        if (tensor == null) {
            throw new ModelFormatException("the retrieval head has no tensor " + name);
        }
        List<Long> expected = java.util.Arrays.stream(shape).boxed().toList();
        if (tensor.type() != type || !tensor.shape().equals(expected)) {
            throw new ModelFormatException("the retrieval head's tensor " + name + " is " + tensor.type() + " "
                    + tensor.shape() + " instead of " + type + " " + expected);
        }
        return tensor;
    }

    @Override
    public void close() {
        arena.close();
    }
}
