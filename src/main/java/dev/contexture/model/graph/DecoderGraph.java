package dev.contexture.model.graph;

import dev.contexture.core.Precision;
import dev.contexture.model.ModelFormatException;
import dev.contexture.model.arch.ModelConfig;
import dev.contexture.model.arch.ModelConfig.Family;
import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.arch.ModelSource.RowOrder;
import dev.contexture.model.arch.TensorData;
import dev.contexture.model.arch.TensorDecoder;
import dev.contexture.model.graph.LinearWeights.Part;
import dev.contexture.model.graph.LinearWeights.RowMap;
import dev.contexture.model.graph.onnx.TensorProto.DataType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The decoder as an ONNX graph: rows of all sequences of a step flow through as one matrix; which row belongs to which
 * sequence only the attention op knows, from the step.
 */
final class DecoderGraph {
    private final ModelSource source;
    private final ModelConfig config;
    private final Precision precision;
    private final Optional<RetrievalGraph> retrieval;
    private final GraphBuilder graph;

    /**
     * @param retrieval wants the hidden states behind some layers
     */
    DecoderGraph(ModelSource source, Precision precision, Optional<RetrievalGraph> retrieval, GraphBuilder graph) {
        this.source = source;
        this.config = source.config();
        this.precision = precision;
        this.retrieval = retrieval;
        this.graph = graph;
    }

    void emit() throws IOException {
        graph.input(CompiledModel.INPUT_IDS, DataType.INT64, "rows");
        graph.input(CompiledModel.STEP, DataType.INT64, 1);
        graph.input(CompiledModel.LOGIT_ROWS, DataType.INT64, "logit_rows");
        graph.output(CompiledModel.LOGITS, DataType.FLOAT, "logit_rows", config.vocabulary());
        emitRopeTables();

        EmbeddingTable embedding = EmbeddingTable.of(source);
        String embedded = embedding.emitGather(graph, precision, CompiledModel.INPUT_IDS);
        Stream stream = new Stream(embedded, null);
        for (int layer = 0; layer < config.layers(); layer++) {
            stream = emitLayer(layer, stream);
        }
        if (retrieval.isPresent()) {
            List<String> states = hiddenStates(retrieval.get().featureLayers(), stream);
            emitOutput(CompiledModel.FEATURES, retrieval.get().emitFeatures(graph, states));
        }
        emitOutput(CompiledModel.LOGITS, emitHead(embedding, stream));
    }

    /** Outputs are float32, whatever they were computed in. */
    private void emitOutput(String name, String value) {
        if (precision.isOnDevice()) {
            graph.op("Cast", name, List.of(value), Map.of("to", (long) DataType.FLOAT.getNumber()));
        } else {
            graph.op("Identity", name, List.of(value), Map.of());
        }
    }

    /** A layer's hidden state is the residual stream that the next layer's norm adds up. */
    private List<String> hiddenStates(List<Integer> layers, Stream last) {
        List<String> states = new ArrayList<>();
        for (int layer : layers) {
            boolean isLast = layer == config.layers() - 1;
            states.add(isLast ? emitSum(last) : "layer" + (layer + 1) + ".attention_norm.residual");
        }
        return states;
    }

    private String emitSum(Stream last) {
        return graph.op("Add", "last.hidden", List.of(Objects.requireNonNull(last.pending), last.residual), Map.of());
    }

    /** The residual stream between two sublayers: {@code residual + pending}; adding waits for the next norm. */
    private record Stream(String residual, @Nullable String pending) {}

    private record Normed(String x, String residual) {}

    private void emitRopeTables() throws IOException {
        double[] frequencies = RopeTables.frequencies(config.rope(), config.headDim());
        List<Long> shape = List.of((long) config.contextLength(), (long) frequencies.length);
        graph.external("rope_cos", DataType.FLOAT, shape, file -> {
            for (int position = 0; position < config.contextLength(); position++) {
                for (double frequency : frequencies) {
                    file.putFloat((float) Math.cos(position * frequency));
                }
            }
        });
        graph.external("rope_sin", DataType.FLOAT, shape, file -> {
            for (int position = 0; position < config.contextLength(); position++) {
                for (double frequency : frequencies) {
                    file.putFloat((float) Math.sin(position * frequency));
                }
            }
        });
    }

    private Stream emitLayer(int layer, Stream stream) throws IOException {
        String prefix = "model.layers." + layer + ".";
        String name = "layer" + layer + ".";
        Normed attentionInput = emitNorm(name + "attention_norm", prefix + "input_layernorm.weight", stream);
        String attention = emitAttention(layer, prefix, name, attentionInput.x);
        String attended = emitLinear(
                name + "o",
                attention,
                List.of(part(
                        prefix + "self_attn.o_proj.weight",
                        config.hidden(),
                        config.heads() * config.headDim(),
                        RowMap.SAME)));

        Normed feedForwardInput = emitNorm(
                name + "ffn_norm",
                prefix + "post_attention_layernorm.weight",
                new Stream(attentionInput.residual, attended));
        String fed = emitFeedForward(prefix, name, feedForwardInput.x);
        return new Stream(feedForwardInput.residual, fed);
    }

    private Normed emitNorm(String name, String weightName, Stream stream) throws IOException {
        String weight = vector(weightName, config.hidden(), RowMap.SAME);
        if (stream.pending == null) {
            graph.node(
                    "",
                    "SimplifiedLayerNormalization",
                    name,
                    List.of(stream.residual, weight),
                    List.of(name),
                    Map.of("axis", -1L, "epsilon", config.normEpsilon(), "stash_type", 1L));
            return new Normed(name, stream.residual);
        }
        String residual = name + ".residual";
        graph.node(
                GraphBuilder.MICROSOFT,
                "SkipSimplifiedLayerNormalization",
                name,
                List.of(stream.pending, stream.residual, weight),
                List.of(name, "", "", residual),
                Map.of("epsilon", config.normEpsilon()));
        return new Normed(name, residual);
    }

    private String emitAttention(int layer, String prefix, String name, String x) throws IOException {
        int dim = config.headDim();
        RowMap rotary = source.rowOrder() == RowOrder.INTERLEAVED ? RowMap.halfSplit(dim) : RowMap.SAME;
        String attention = prefix + "self_attn.";
        String qkv = emitLinear(
                name + "qkv",
                x,
                List.of(
                        part(attention + "q_proj.weight", config.heads() * dim, config.hidden(), rotary),
                        part(attention + "k_proj.weight", config.kvHeads() * dim, config.hidden(), rotary),
                        part(attention + "v_proj.weight", config.kvHeads() * dim, config.hidden(), RowMap.SAME)));
        if (config.family() == Family.QWEN2) {
            String bias = emitQkvBias(attention, name + "qkv.bias", rotary);
            qkv = graph.op("Add", name + "qkv.biased", List.of(qkv, bias), Map.of());
        }
        List<String> inputs = new ArrayList<>(List.of(qkv, CompiledModel.STEP, "rope_cos", "rope_sin"));
        if (config.family() == Family.QWEN3) {
            inputs.add(vector(attention + "q_norm.weight", dim, RowMap.SAME));
            inputs.add(vector(attention + "k_norm.weight", dim, RowMap.SAME));
        }
        String output = name + "attention";
        graph.node(
                GraphBuilder.CONTEXTURE,
                "PagedAttention",
                output,
                inputs,
                List.of(output),
                Map.of(
                        "layer", (long) layer,
                        "num_heads", (long) config.heads(),
                        "kv_heads", (long) config.kvHeads(),
                        "head_dim", (long) dim,
                        "window", (long) config.slidingWindow(),
                        "scale", (float) (1.0 / Math.sqrt(dim)),
                        "norm_epsilon", config.normEpsilon()));
        return output;
    }

    private String emitQkvBias(String attention, String name, RowMap rotary) throws IOException {
        int dim = config.headDim();
        float[] q = floats(attention + "q_proj.bias", config.heads() * dim, rotary);
        float[] k = floats(attention + "k_proj.bias", config.kvHeads() * dim, rotary);
        float[] v = floats(attention + "v_proj.bias", config.kvHeads() * dim, RowMap.SAME);
        return graph.numbers(name, precision, List.of((long) q.length + k.length + v.length), numbers -> {
            for (float[] part : List.of(q, k, v)) {
                for (float value : part) {
                    numbers.put(value);
                }
            }
        });
    }

    private String emitFeedForward(String prefix, String name, String x) throws IOException {
        String gateUp = emitLinear(
                name + "gate_up",
                x,
                List.of(
                        part(prefix + "mlp.gate_proj.weight", config.feedForward(), config.hidden(), RowMap.SAME),
                        part(prefix + "mlp.up_proj.weight", config.feedForward(), config.hidden(), RowMap.SAME)));
        Part down = part(prefix + "mlp.down_proj.weight", config.hidden(), config.feedForward(), RowMap.SAME);
        LinearWeights weights = new LinearWeights(name + "down", List.of(down));
        String activated = name + "swiglu";
        graph.node(GraphBuilder.CONTEXTURE, "SwiGlu", activated, List.of(gateUp), List.of(activated), Map.of());
        return weights.emit(graph, precision, activated);
    }

    private String emitLinear(String name, String x, List<Part> parts) throws IOException {
        List<String> products = new ArrayList<>();
        // In numbers of 16 bits all formats are one.
        List<LinearWeights> grouped = precision == Precision.HALF || precision == Precision.BRAIN_FLOAT
                ? List.of(new LinearWeights(name, parts))
                : LinearWeights.grouped(name, parts);
        for (LinearWeights weights : grouped) {
            products.add(weights.emit(graph, precision, x));
        }
        return products.size() == 1
                ? products.getFirst()
                : graph.op("Concat", name + ".joined", products, Map.of("axis", 1L));
    }

    /** Only the wanted rows pass the last norm and the head. */
    private String emitHead(EmbeddingTable embedding, Stream stream) throws IOException {
        String pending = java.util.Objects.requireNonNull(stream.pending, "a model has at least one layer");
        String rows = graph.op("Gather", "last.rows", List.of(pending, CompiledModel.LOGIT_ROWS), Map.of("axis", 0L));
        String residual = graph.op(
                "Gather", "last.residual", List.of(stream.residual, CompiledModel.LOGIT_ROWS), Map.of("axis", 0L));
        String normed = emitNorm("final_norm", "model.norm.weight", new Stream(residual, rows)).x;
        if (config.tiedEmbeddings()) {
            return embedding.emitHead(graph, precision, normed);
        }
        Part part = part("lm_head.weight", config.vocabulary(), config.hidden(), RowMap.SAME);
        LinearWeights head = new LinearWeights("head", List.of(part));
        return !precision.isOnDevice() && head.fitsInt8()
                ? head.emitInt8(graph, normed)
                : head.emit(graph, precision, normed);
    }

    private Part part(String name, int outputs, int inputs, RowMap rows) {
        return new Part(weight(name, outputs, inputs), rows);
    }

    private TensorData weight(String name, long... shape) {
        return weight(source, name, shape);
    }

    static TensorData weight(ModelSource source, String name, long... shape) {
        TensorData tensor = source.tensors().get(name);
        if (tensor == null) {
            throw new ModelFormatException("the model has no weight " + name);
        }
        List<Long> expected = java.util.Arrays.stream(shape).boxed().toList();
        if (!tensor.shape().equals(expected)) {
            throw new ModelFormatException(
                    "the weight " + name + " has the shape " + tensor.shape() + " instead of " + expected);
        }
        return tensor;
    }

    private float[] floats(String name, int length, RowMap rows) {
        TensorData tensor = weight(name, length);
        float[] inFileOrder = new float[length];
        TensorDecoder.decode(tensor, 0, inFileOrder);
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = inFileOrder[rows.fileRow(i)];
        }
        return values;
    }

    private String vector(String name, int length, RowMap rows) throws IOException {
        float[] values = floats(name, length, rows);
        return graph.numbers(name, precision, List.of((long) length), numbers -> {
            for (float value : values) {
                numbers.put(value);
            }
        });
    }
}
