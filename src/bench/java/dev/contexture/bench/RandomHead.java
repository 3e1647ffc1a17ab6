package dev.contexture.bench;

import dev.contexture.bench.ComputedTensors.Tensor;
import dev.contexture.model.arch.ModelConfig;
import dev.contexture.model.arch.TensorType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;

/** A retrieval head of random weights: what its work costs does not depend on them. */
final class RandomHead {
    private static final int BLOCK = 32;
    /** Of even numbers from -127 to 127. */
    private static final double CODE_DEVIATION = 73.3;

    private final ModelConfig model;
    private final Shape shape;
    private final long seed;
    private final List<Tensor> tensors = new ArrayList<>();

    /**
     * What of a head does not follow from its model.
     *
     * @param groups of layers
     * @param queryHeads per group
     */
    record Shape(int groups, int queryHeads, int headDim) {}

    private RandomHead(ModelConfig model, Shape shape, long seed) {
        this.model = model;
        this.shape = shape;
        this.seed = seed;
    }

    static Path write(Path file, ModelConfig model, String modelSha256, Shape shape, long seed) throws IOException {
        RandomHead head = new RandomHead(model, shape, seed);
        head.addTensors();
        Files.createDirectories(file.toAbsolutePath().getParent());
        Path work = file.resolveSibling(file.getFileName() + ".part");
        Files.deleteIfExists(work);
        ComputedTensors.write(work, head.metadata(modelSha256), head.tensors);
        return Files.move(work, file, StandardCopyOption.REPLACE_EXISTING);
    }

    /** One early, one in the middle, one late, as far as there are so many. */
    private List<Integer> featureLayers() {
        int layers = model.layers();
        return Stream.of(layers / 10, layers / 2, layers * 7 / 8).distinct().toList();
    }

    private void addTensors() {
        int hidden = model.hidden();
        int features = featureLayers().size();
        addNorm("embedding_norm");
        addNorm("fused_norm");
        for (int i = 0; i < features; i++) {
            addNorm("feature_norm." + i);
        }
        addProduct("fuse", hidden, (long) features * hidden);
        addProduct("key", (long) shape.groups * model.kvHeads() * shape.headDim, 2L * hidden);
        addProduct("query", (long) shape.groups * shape.queryHeads * shape.headDim, 2L * hidden);
    }

    private void addNorm(String name) {
        tensors.add(new Tensor(name, TensorType.F32, List.of((long) model.hidden()), (first, count, to) -> {
            for (int i = 0; i < count; i++) {
                to.putFloat(1f);
            }
        }));
    }

    /** Outputs have the size of inputs. */
    private void addProduct(String name, long outputs, long inputs) {
        RandomNumbers random = new RandomNumbers(seed, "head." + name);
        tensors.add(new Tensor(name + ".codes", TensorType.I8, List.of(outputs, inputs), random::putCodes));
        short scale = Float.floatToFloat16((float) (1 / (CODE_DEVIATION * Math.sqrt(inputs))));
        tensors.add(
                new Tensor(name + ".scales", TensorType.F16, List.of(outputs, inputs / BLOCK), (first, count, to) -> {
                    for (int i = 0; i < count; i++) {
                        to.putShort(scale);
                    }
                }));
    }

    private Map<String, String> metadata(String modelSha256) {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("layers", model.layers());
        config.put("hidden", model.hidden());
        config.put("vocabulary", model.vocabulary());
        config.put("groups", shape.groups);
        config.put(
                "group_of_layer",
                IntStream.range(0, model.layers())
                        .map(layer -> layer * shape.groups / model.layers())
                        .boxed()
                        .toList());
        config.put("kv_heads", model.kvHeads());
        config.put("query_heads", shape.queryHeads);
        config.put("head_dim", shape.headDim);
        config.put("feature_layers", featureLayers());
        config.put("rope_base", model.rope().base());
        config.put("norm_epsilon", model.normEpsilon());
        config.put("trained_length", model.contextLength());
        config.put("weight_block", BLOCK);
        config.put("key_features", "own");
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put("format", "contexture-retrieval-head");
        metadata.put("version", "1");
        metadata.put("target_sha256", modelSha256);
        metadata.put("config", JsonMapper.shared().writeValueAsString(config));
        return metadata;
    }
}
