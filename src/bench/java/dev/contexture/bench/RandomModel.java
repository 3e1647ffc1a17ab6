package dev.contexture.bench;

import dev.contexture.bench.ComputedTensors.Tensor;
import dev.contexture.model.arch.TensorType;
import dev.contexture.model.store.ModelFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A checkpoint folder with random weights: what speed depends on is the shape. Weights are bfloat16, about normal with the
 * deviation that training begins with, norms are 1, so activations stay far from the limits of fp16. Its tokens are the 256 bytes
 * and two special ones.
 *
 * <p>What layers in host memory have to load is what consecutive selections do not have in common: with weights that are only
 * random nearly all, with trained heads a fifth. So embeddings have a common part.
 */
final class RandomModel {
    /** Changes whenever the same shape would give other files. */
    private static final int VERSION = 2;

    /** How much larger the common part of embeddings is than what tells them apart. */
    private static final float LIKENESS = 8;

    private static final String NOTE = "made-of.txt";
    private static final long MOST_SHARD_BYTES = 5_000_000_000L;

    private final JsonNode config;
    private final long seed;
    private final List<Tensor> tensors = new ArrayList<>();

    private RandomModel(JsonNode config, long seed) {
        this.config = config;
        this.seed = seed;
    }

    /** The model of this shape, written into a folder of its name under {@code directory} if it is not there yet. */
    static ModelFiles of(ModelShape shape, long seed, Path directory) throws IOException {
        return of(shape.toString(), shape.configJson(), seed, directory, MOST_SHARD_BYTES);
    }

    /**
     * @param configJson a Hugging Face config.json of the Llama, Mistral or Qwen3 family
     */
    static ModelFiles of(String name, String configJson, long seed, Path directory, long mostShardBytes)
            throws IOException {
        Path folder = directory.resolve(name);
        // The bytes follow from these, so nobody need read gigabytes to name them.
        String sha256 = sha256("random model|%d|%s|%d|%d".formatted(VERSION, configJson, seed, mostShardBytes));
        if (!Files.exists(folder.resolve(NOTE))
                || !Files.readString(folder.resolve(NOTE)).equals(sha256)) {
            Files.createDirectories(directory);
            delete(folder);
            Path work = Files.createTempDirectory(directory, "making");
            try {
                JsonNode config = JsonMapper.shared().readTree(configJson);
                new RandomModel(config, seed).write(work, configJson, mostShardBytes);
                Files.writeString(work.resolve(NOTE), sha256);
                Files.move(work, folder, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                delete(work);
            }
        }
        return new ModelFiles(name, folder, sha256);
    }

    private void write(Path folder, String configJson, long mostShardBytes) throws IOException {
        Files.writeString(folder.resolve("config.json"), configJson);
        Files.writeString(folder.resolve("tokenizer.json"), RandomModelTokenizer.json());
        Files.writeString(folder.resolve("tokenizer_config.json"), RandomModelTokenizer.configJson());
        addTensors();
        List<List<Tensor>> shards = shards(tensors, mostShardBytes);
        if (shards.size() == 1) {
            ComputedTensors.write(folder.resolve("model.safetensors"), Map.of(), tensors);
            return;
        }
        Map<String, String> fileOf = new TreeMap<>();
        for (int i = 0; i < shards.size(); i++) {
            String file = String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
            ComputedTensors.write(folder.resolve(file), Map.of(), shards.get(i));
            shards.get(i).forEach(tensor -> fileOf.put(tensor.name(), file));
        }
        Map<String, Object> index = new LinkedHashMap<>();
        index.put(
                "metadata",
                Map.of("total_size", tensors.stream().mapToLong(Tensor::bytes).sum()));
        index.put("weight_map", fileOf);
        Files.writeString(
                folder.resolve("model.safetensors.index.json"),
                JsonMapper.shared().writeValueAsString(index));
    }

    /** Neighbours share a file as long as it stays within the bound; a tensor beyond it has a file of its own. */
    static List<List<Tensor>> shards(List<Tensor> tensors, long mostBytes) {
        List<List<Tensor>> shards = new ArrayList<>();
        long bytes = 0;
        for (Tensor tensor : tensors) {
            if (shards.isEmpty() || bytes + tensor.bytes() > mostBytes) {
                shards.add(new ArrayList<>());
                bytes = 0;
            }
            shards.getLast().add(tensor);
            bytes += tensor.bytes();
        }
        return shards;
    }

    private void addTensors() {
        String type = config.path("model_type").asString("");
        if (!List.of("llama", "mistral", "qwen3").contains(type)) {
            throw new IllegalArgumentException("random weights are for llama, mistral and qwen3, not " + type);
        }
        long hidden = size("hidden_size");
        long vocabulary = size("vocab_size");
        long inner = size("intermediate_size");
        long headDim = config.path("head_dim").asLong(hidden / size("num_attention_heads"));
        long queries = size("num_attention_heads") * headDim;
        long keys = size("num_key_value_heads") * headDim;
        addEmbeddings(vocabulary, hidden);
        for (int layer = 0; layer < size("num_hidden_layers"); layer++) {
            String name = "model.layers." + layer + ".";
            addNorm(name + "input_layernorm.weight", hidden);
            addWeight(name + "self_attn.q_proj.weight", queries, hidden);
            addWeight(name + "self_attn.k_proj.weight", keys, hidden);
            addWeight(name + "self_attn.v_proj.weight", keys, hidden);
            addWeight(name + "self_attn.o_proj.weight", hidden, queries);
            if (type.equals("qwen3")) {
                addNorm(name + "self_attn.q_norm.weight", headDim);
                addNorm(name + "self_attn.k_norm.weight", headDim);
            }
            addNorm(name + "post_attention_layernorm.weight", hidden);
            addWeight(name + "mlp.gate_proj.weight", inner, hidden);
            addWeight(name + "mlp.up_proj.weight", inner, hidden);
            addWeight(name + "mlp.down_proj.weight", hidden, inner);
        }
        addNorm("model.norm.weight", hidden);
        if (!config.path("tie_word_embeddings").asBoolean(false)) {
            addWeight("lm_head.weight", vocabulary, hidden);
        }
    }

    private long size(String name) {
        long size = config.path(name).asLong(0);
        if (size <= 0) {
            throw new IllegalArgumentException("config.json: " + name + " must be a positive number");
        }
        return size;
    }

    private void addEmbeddings(long tokens, long hidden) {
        float deviation = deviation();
        RandomNumbers own = new RandomNumbers(seed, "model.embed_tokens.weight");
        RandomNumbers common = new RandomNumbers(seed, "common");
        tensors.add(new Tensor(
                "model.embed_tokens.weight", TensorType.BF16, List.of(tokens, hidden), (first, count, to) -> {
                    for (long i = first; i < first + count; i++) {
                        float shared = common.normal(i % hidden, deviation * LIKENESS);
                        RandomNumbers.putBrainFloat(own.normal(i, deviation) + shared, to);
                    }
                }));
    }

    private float deviation() {
        return (float) config.path("initializer_range").asDouble(0.02);
    }

    private void addWeight(String name, long outputs, long inputs) {
        float deviation = deviation();
        RandomNumbers random = new RandomNumbers(seed, name);
        tensors.add(new Tensor(
                name,
                TensorType.BF16,
                List.of(outputs, inputs),
                (first, count, to) -> random.putBrainFloats(first, count, deviation, to)));
    }

    private void addNorm(String name, long width) {
        short one = (short) (Float.floatToRawIntBits(1f) >>> 16);
        tensors.add(new Tensor(name, TensorType.BF16, List.of(width), (first, count, to) -> {
            for (int i = 0; i < count; i++) {
                to.putShort(one);
            }
        }));
    }

    private static String sha256(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** A folder of plain files. */
    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }
}
