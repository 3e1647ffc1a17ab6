package dev.contexture.model.graph;

import com.google.protobuf.ByteString;
import dev.contexture.core.Precision;
import dev.contexture.model.arch.BrainFloat;
import dev.contexture.model.graph.onnx.AttributeProto;
import dev.contexture.model.graph.onnx.GraphProto;
import dev.contexture.model.graph.onnx.ModelProto;
import dev.contexture.model.graph.onnx.NodeProto;
import dev.contexture.model.graph.onnx.OperatorSetIdProto;
import dev.contexture.model.graph.onnx.StringStringEntryProto;
import dev.contexture.model.graph.onnx.TensorProto;
import dev.contexture.model.graph.onnx.TensorProto.DataType;
import dev.contexture.model.graph.onnx.TensorShapeProto;
import dev.contexture.model.graph.onnx.TypeProto;
import dev.contexture.model.graph.onnx.ValueInfoProto;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Puts an ONNX graph together: nodes inline, weights in a file beside it. */
final class GraphBuilder {
    static final String MICROSOFT = "com.microsoft";
    static final String CONTEXTURE = "contexture";
    private static final int OPSET = 20;
    private static final int IR_VERSION = 10;
    private static final String PRODUCER = "contexture";

    private final GraphProto.Builder graph;
    private final Set<String> initializers = new HashSet<>();
    private final WeightsFile weights;
    private final String weightsName;

    GraphBuilder(String name, WeightsFile weights, String weightsName) {
        this.graph = GraphProto.newBuilder().setName(name);
        this.weights = weights;
        this.weightsName = weightsName;
    }

    /** Attributes by name: Long, Float or String. */
    void node(
            String domain,
            String op,
            String name,
            List<String> inputs,
            List<String> outputs,
            Map<String, Object> attributes) {
        NodeProto.Builder node = NodeProto.newBuilder()
                .setOpType(op)
                .setName(name)
                .addAllInput(inputs)
                .addAllOutput(outputs);
        if (!domain.isEmpty()) {
            node.setDomain(domain);
        }
        attributes.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .forEach(entry -> node.addAttribute(attribute(entry.getKey(), entry.getValue())));
        graph.addNode(node);
    }

    /** A node of ONNX's own domain with one output, which is named like the node. */
    String op(String op, String name, List<String> inputs, Map<String, Object> attributes) {
        node("", op, name, inputs, List.of(name), attributes);
        return name;
    }

    private static AttributeProto attribute(String name, Object value) {
        AttributeProto.Builder attribute = AttributeProto.newBuilder().setName(name);
        return switch (value) {
            case Long whole ->
                attribute.setType(AttributeProto.AttributeType.INT).setI(whole).build();
            case Float real ->
                attribute.setType(AttributeProto.AttributeType.FLOAT).setF(real).build();
            case String text ->
                attribute
                        .setType(AttributeProto.AttributeType.STRING)
                        .setS(ByteString.copyFromUtf8(text))
                        .build();
            default -> throw new IllegalArgumentException("no attribute can hold a " + value.getClass());
        };
    }

    /** A weight in the file beside the graph; written once per name. */
    String external(String name, DataType type, List<Long> shape, WeightsFile.Body body) throws IOException {
        if (initializers.contains(name)) {
            return name;
        }
        WeightsFile.Extent extent = weights.append(name, body);
        graph.addInitializer(initializer(name, type, shape)
                .setDataLocation(TensorProto.DataLocation.EXTERNAL)
                .addExternalData(entry("location", weightsName))
                .addExternalData(entry("offset", Long.toString(extent.offset())))
                .addExternalData(entry("length", Long.toString(extent.bytes()))));
        return name;
    }

    /** Takes numbers in order. */
    interface Numbers {
        void put(float value) throws IOException;
    }

    /** Writes a tensor's numbers in order, whatever they are stored as. */
    interface NumberBody {
        void write(Numbers numbers) throws IOException;
    }

    /** What the precision computes with. */
    static DataType type(Precision precision) {
        return switch (precision) {
            case FAST, EXACT -> DataType.FLOAT;
            case HALF, QUANTISED_HALF -> DataType.FLOAT16;
            case BRAIN_FLOAT -> DataType.BFLOAT16;
        };
    }

    /** A weight in the precision's numbers; graphs of one folder may have it in several. */
    String numbers(String name, Precision precision, List<Long> shape, NumberBody body) throws IOException {
        DataType type = type(precision);
        return external(
                nameOf(name, type),
                type,
                shape,
                file -> body.write(value -> {
                    switch (type) {
                        case FLOAT16 -> file.putShort(Float.floatToFloat16(value));
                        case BFLOAT16 -> file.putShort(BrainFloat.of(value));
                        default -> file.putFloat(value);
                    }
                }));
    }

    private static String nameOf(String name, DataType type) {
        return switch (type) {
            case FLOAT16 -> name + ".half";
            case BFLOAT16 -> name + ".brain";
            default -> name;
        };
    }

    /** Gives one row's numbers. Called from several threads at once. */
    interface RowNumbers {
        void read(long row, float[] to);
    }

    /** The same for a large matrix, [rows, columns]. */
    String matrix(String name, Precision precision, long rows, int columns, RowNumbers body) throws IOException {
        DataType type = type(precision);
        int rowBytes = Math.multiplyExact(columns, type == DataType.FLOAT ? Float.BYTES : Short.BYTES);
        return external(nameOf(name, type), type, List.of(rows, (long) columns), file -> {
            file.putRows(rows, rowBytes, (row, to) -> {
                float[] values = new float[columns];
                body.read(row, values);
                switch (type) {
                    case FLOAT16 -> {
                        for (float value : values) {
                            to.putShort(Float.floatToFloat16(value));
                        }
                    }
                    case BFLOAT16 -> {
                        for (float value : values) {
                            to.putShort(BrainFloat.of(value));
                        }
                    }
                    default -> {
                        for (float value : values) {
                            to.putFloat(value);
                        }
                    }
                }
            });
        });
    }

    /** A small constant; made once per name. */
    String longs(String name, List<Long> shape, long... values) {
        if (!initializers.contains(name)) {
            ByteBuffer bytes = ByteBuffer.allocate(values.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            for (long value : values) {
                bytes.putLong(value);
            }
            graph.addInitializer(
                    initializer(name, DataType.INT64, shape).setRawData(ByteString.copyFrom(bytes.array())));
        }
        return name;
    }

    /** A small constant; made once per name. */
    String scalar(String name, float value) {
        if (!initializers.contains(name)) {
            ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            bytes.putFloat(value).flip();
            graph.addInitializer(initializer(name, DataType.FLOAT, List.of()).setRawData(ByteString.copyFrom(bytes)));
        }
        return name;
    }

    private TensorProto.Builder initializer(String name, DataType type, List<Long> shape) {
        if (!initializers.add(name)) {
            throw new IllegalStateException("the initializer " + name + " exists already");
        }
        return TensorProto.newBuilder()
                .setName(name)
                .setDataType(type.getNumber())
                .addAllDims(shape);
    }

    private static StringStringEntryProto entry(String key, String value) {
        return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
    }

    /** Dimensions by name (free) or as a number. */
    void input(String name, DataType type, Object... dimensions) {
        graph.addInput(value(name, type, dimensions));
    }

    void output(String name, DataType type, Object... dimensions) {
        graph.addOutput(value(name, type, dimensions));
    }

    private static ValueInfoProto value(String name, DataType type, Object... dimensions) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        for (Object dimension : dimensions) {
            if (dimension instanceof Number size) {
                shape.addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(size.longValue()));
            } else {
                shape.addDim(TensorShapeProto.Dimension.newBuilder().setDimParam(dimension.toString()));
            }
        }
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder()
                        .setTensorType(TypeProto.Tensor.newBuilder()
                                .setElemType(type.getNumber())
                                .setShape(shape)))
                .build();
    }

    ModelProto build() {
        return ModelProto.newBuilder()
                .setIrVersion(IR_VERSION)
                .setProducerName(PRODUCER)
                .setProducerVersion(Integer.toString(GraphCompiler.VERSION))
                .setGraph(graph)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(OPSET))
                .addOpsetImport(
                        OperatorSetIdProto.newBuilder().setDomain(MICROSOFT).setVersion(1))
                .addOpsetImport(
                        OperatorSetIdProto.newBuilder().setDomain(CONTEXTURE).setVersion(1))
                .build();
    }
}
