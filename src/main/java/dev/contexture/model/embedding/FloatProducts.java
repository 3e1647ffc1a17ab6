package dev.contexture.model.embedding;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.contexture.model.ModelFormatException;
import dev.contexture.model.graph.onnx.GraphProto;
import dev.contexture.model.graph.onnx.ModelProto;
import dev.contexture.model.graph.onnx.NodeProto;
import dev.contexture.model.graph.onnx.TensorProto;
import dev.contexture.model.graph.onnx.TensorProto.DataType;
import dev.contexture.model.graph.onnx.ValueInfoProto;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Undoes dynamic quantisation: what a graph multiplies as 8-bit activations by 8-bit weights becomes a product in float32 by the
 * values that the weights stand for.
 *
 * <p>Dynamic quantisation takes one scale for all activations of a run. So a text's vector depends on the texts and the padding that
 * it is computed with (cosine to itself down to 0.977 was seen), and on each rounding of the processor at hand. Products in float32
 * over the same weights depend on neither, and take up to 1.6 times as long; docs/embeddings.md has the figures.
 */
public final class FloatProducts {
    private final GraphProto graph;
    private final Map<String, TensorProto> initializers = new HashMap<>();
    private final Map<String, NodeProto> producers = new HashMap<>();
    private final Map<String, NodeProto> readers = new HashMap<>();

    private FloatProducts(GraphProto graph) {
        this.graph = graph;
        graph.getInitializerList().forEach(tensor -> initializers.put(tensor.getName(), tensor));
        for (NodeProto node : graph.getNodeList()) {
            node.getOutputList().forEach(output -> producers.put(output, node));
            node.getInputList().forEach(input -> readers.put(input, node));
        }
    }

    /**
     * @param model an ONNX file
     * @throws ModelFormatException if it is none, or has products of another form than dynamic quantisation writes
     */
    public static byte[] of(byte[] model) {
        try {
            ModelProto parsed = ModelProto.parseFrom(model);
            return parsed.toBuilder()
                    .setGraph(pruned(new FloatProducts(parsed.getGraph()).rewritten()))
                    .build()
                    .toByteArray();
        } catch (InvalidProtocolBufferException e) {
            throw new ModelFormatException("the embedding model is no ONNX file: " + e.getMessage(), e);
        }
    }

    private GraphProto rewritten() {
        Map<String, NodeProto> products = new HashMap<>();
        List<TensorProto> weights = new ArrayList<>();
        Set<NodeProto> replaced = new HashSet<>();
        for (NodeProto product : graph.getNodeList()) {
            if (product.getOpType().equals("MatMulInteger")) {
                NodeProto cast = reader(product.getOutput(0), "Cast");
                NodeProto scaling = reader(cast.getOutput(0), "Mul");
                TensorProto weight = weight(product, scales(scaling, cast.getOutput(0)));
                weights.add(weight);
                replaced.addAll(List.of(product, cast));
                products.put(
                        scaling.getOutput(0),
                        NodeProto.newBuilder()
                                .setOpType("MatMul")
                                .setName(product.getName())
                                .addInput(activations(product))
                                .addInput(weight.getName())
                                .addOutput(scaling.getOutput(0))
                                .build());
            }
        }
        GraphProto.Builder built = graph.toBuilder().clearNode().addAllInitializer(weights);
        for (NodeProto node : graph.getNodeList()) {
            if (!replaced.contains(node)) {
                built.addNode(products.getOrDefault(node.getOutput(0), node));
            }
        }
        return built.build();
    }

    private NodeProto reader(String value, String op) {
        NodeProto node = readers.get(value);
        if (node == null || !node.getOpType().equals(op)) {
            throw new ModelFormatException("the embedding model does not hand '" + value + "' to a " + op);
        }
        return node;
    }

    private String activations(NodeProto product) {
        NodeProto quantization = producers.get(product.getInput(0));
        if (quantization == null || !quantization.getOpType().equals("DynamicQuantizeLinear")) {
            throw new ModelFormatException(
                    "the activations of '" + product.getName() + "' are not quantised in the graph");
        }
        return quantization.getInput(0);
    }

    /** The weights' scales: the factor of the product of scales that is stored. */
    private TensorProto scales(NodeProto scaling, String product) {
        String factor = scaling.getInput(scaling.getInput(0).equals(product) ? 1 : 0);
        NodeProto both = producers.get(factor);
        if (both != null) {
            for (String input : both.getInputList()) {
                TensorProto scales = initializers.get(input);
                if (scales != null) {
                    return scales;
                }
            }
        }
        throw new ModelFormatException(
                "the scales behind '" + scaling.getName() + "' are not stored in the embedding model");
    }

    /** [in, out], of 8-bit numbers with a scale and a zero point for all or one per column. */
    private TensorProto weight(NodeProto product, TensorProto scaleTensor) {
        TensorProto stored = initializer(product.getInput(1));
        int columns = Math.toIntExact(stored.getDims(1));
        float[] scales = floats(scaleTensor);
        int[] zeros = product.getInputCount() > 3 ? bytes(initializer(product.getInput(3))) : new int[1];
        int[] values = bytes(stored);
        require(stored, values.length == stored.getDims(0) * columns);
        require(scaleTensor, scales.length == 1 || scales.length == columns);
        require(stored, zeros.length == 1 || zeros.length == columns);
        ByteBuffer raw = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < values.length; i++) {
            int column = i % columns;
            raw.putFloat((values[i] - zeros[zeros.length == 1 ? 0 : column]) * scales[scales.length == 1 ? 0 : column]);
        }
        return TensorProto.newBuilder()
                .setName(stored.getName() + "_float")
                .setDataType(DataType.FLOAT.getNumber())
                .addAllDims(stored.getDimsList())
                .setRawData(ByteString.copyFrom(raw.flip()))
                .build();
    }

    private TensorProto initializer(String name) {
        TensorProto tensor = initializers.get(name);
        if (tensor == null) {
            throw new ModelFormatException("the weight '" + name + "' is not stored in the embedding model");
        }
        return tensor;
    }

    private static void require(TensorProto tensor, boolean sound) {
        if (!sound) {
            throw new ModelFormatException(
                    "'" + tensor.getName() + "' of the embedding model has another shape than its product");
        }
    }

    private static float[] floats(TensorProto tensor) {
        float[] values = new float
                [Math.max(tensor.getFloatDataCount(), tensor.getRawData().size() / Float.BYTES)];
        ByteBuffer raw = tensor.getRawData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < values.length; i++) {
            values[i] = tensor.getFloatDataCount() > 0 ? tensor.getFloatData(i) : raw.getFloat();
        }
        return values;
    }

    private static int[] bytes(TensorProto tensor) {
        boolean signed = tensor.getDataType() == DataType.INT8.getNumber();
        require(tensor, signed || tensor.getDataType() == DataType.UINT8.getNumber());
        if (tensor.getInt32DataCount() > 0) {
            return tensor.getInt32DataList().stream()
                    .mapToInt(Integer::intValue)
                    .toArray();
        }
        int[] values = new int[tensor.getRawData().size()];
        for (int i = 0; i < values.length; i++) {
            byte value = tensor.getRawData().byteAt(i);
            values[i] = signed ? value : Byte.toUnsignedInt(value);
        }
        return values;
    }

    /** Without what nobody reads any more. */
    private static GraphProto pruned(GraphProto graph) {
        Set<String> read = new HashSet<>();
        graph.getOutputList().stream().map(ValueInfoProto::getName).forEach(read::add);
        List<NodeProto> kept = new ArrayList<>();
        // Nodes stand behind those that they read from.
        for (NodeProto node : graph.getNodeList().reversed()) {
            if (node.getOutputList().stream().anyMatch(read::contains)) {
                kept.addFirst(node);
                read.addAll(node.getInputList());
            }
        }
        return graph.toBuilder()
                .clearNode()
                .addAllNode(kept)
                .clearInitializer()
                .addAllInitializer(graph.getInitializerList().stream()
                        .filter(tensor -> read.contains(tensor.getName()))
                        .toList())
                .build();
    }
}
