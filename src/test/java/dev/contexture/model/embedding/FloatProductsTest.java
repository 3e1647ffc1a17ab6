package dev.contexture.model.embedding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.contexture.model.ModelFormatException;
import dev.contexture.model.graph.onnx.GraphProto;
import dev.contexture.model.graph.onnx.ModelProto;
import dev.contexture.model.graph.onnx.NodeProto;
import dev.contexture.model.graph.onnx.TensorProto;
import dev.contexture.model.graph.onnx.TensorProto.DataType;
import dev.contexture.model.graph.onnx.ValueInfoProto;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;

class FloatProductsTest {
    private static NodeProto node(String op, List<String> inputs, String... outputs) {
        return NodeProto.newBuilder()
                .setOpType(op)
                .setName(op)
                .addAllInput(inputs)
                .addAllOutput(List.of(outputs))
                .build();
    }

    /** One product as dynamic quantisation writes it, of weights [2, 3]. */
    private static GraphProto.Builder product() {
        return GraphProto.newBuilder()
                .addNode(node("DynamicQuantizeLinear", List.of("x"), "x8", "x_scale", "x_zero"))
                .addNode(node("Mul", List.of("x_scale", "w_scale"), "scales"))
                .addNode(node("MatMulInteger", List.of("x8", "w", "x_zero", "w_zero"), "sums"))
                .addNode(node("Cast", List.of("sums"), "floats"))
                .addNode(node("Mul", List.of("floats", "scales"), "y"))
                .addInitializer(TensorProto.newBuilder()
                        .setName("w")
                        .setDataType(DataType.INT8.getNumber())
                        .addAllDims(List.of(2L, 3L))
                        .setRawData(ByteString.copyFrom(new byte[] {1, 2, 3, -4, -5, -6})))
                .addInitializer(TensorProto.newBuilder()
                        .setName("w_zero")
                        .setDataType(DataType.INT8.getNumber())
                        .addAllDims(List.of(3L))
                        .addAllInt32Data(List.of(0, 1, -1)))
                .addInitializer(TensorProto.newBuilder()
                        .setName("w_scale")
                        .setDataType(DataType.FLOAT.getNumber())
                        .addAllDims(List.of(3L))
                        .addAllFloatData(List.of(1f, 0.5f, 2f)))
                .addInput(ValueInfoProto.newBuilder().setName("x"))
                .addOutput(ValueInfoProto.newBuilder().setName("y"));
    }

    private static byte[] model(GraphProto.Builder graph) {
        return ModelProto.newBuilder().setGraph(graph).build().toByteArray();
    }

    @Test
    void aQuantisedProductBecomesOneInFloat() throws Exception {
        GraphProto graph =
                ModelProto.parseFrom(FloatProducts.of(model(product()))).getGraph();
        assertThat(graph.getNodeList()).singleElement().satisfies(node -> {
            assertThat(node.getOpType()).isEqualTo("MatMul");
            assertThat(node.getInputList()).containsExactly("x", "w_float");
            assertThat(node.getOutputList()).containsExactly("y");
        });
        assertThat(graph.getInitializerList()).singleElement().satisfies(weight -> {
            assertThat(weight.getDimsList()).containsExactly(2L, 3L);
            float[] values = new float[6];
            weight.getRawData()
                    .asReadOnlyByteBuffer()
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asFloatBuffer()
                    .get(values);
            assertThat(values).containsExactly(1, 0.5f, 8, -4, -3, -10);
        });
    }

    @Test
    void whatIsNoModelOfThatKindIsRefused() {
        assertThatThrownBy(() -> FloatProducts.of(new byte[] {1, 2, 3})).isInstanceOf(ModelFormatException.class);
        GraphProto.Builder unscaled = product().removeNode(4);
        assertThatThrownBy(() -> FloatProducts.of(model(unscaled)))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("'floats'");
        GraphProto.Builder odd = product();
        odd.setInitializer(0, odd.getInitializer(0).toBuilder().setDims(0, 3));
        assertThatThrownBy(() -> FloatProducts.of(model(odd)))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("another shape");
    }
}
