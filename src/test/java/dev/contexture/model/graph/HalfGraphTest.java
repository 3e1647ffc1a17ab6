package dev.contexture.model.graph;

import static org.assertj.core.api.Assertions.assertThat;

import dev.contexture.core.Precision;
import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.arch.TensorData;
import dev.contexture.model.arch.TensorDecoder;
import dev.contexture.model.gguf.GgufModelSource;
import dev.contexture.model.graph.onnx.GraphProto;
import dev.contexture.model.graph.onnx.ModelProto;
import dev.contexture.model.graph.onnx.NodeProto;
import dev.contexture.model.graph.onnx.StringStringEntryProto;
import dev.contexture.model.graph.onnx.TensorProto;
import dev.contexture.model.graph.onnx.TensorProto.DataType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What CUDA devices run: fp16 but for the rotary tables and the outputs, without operations that only CPUs have. */
class HalfGraphTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden/gguf");

    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"llama-q4_1", "llama-bf16-linear", "qwen2-q8_0", "qwen3-q4_1"})
    void holdsTheWeightsAsHalves(String name) throws IOException {
        try (ModelSource source = GgufModelSource.open(GOLDEN.resolve(name + ".gguf"))) {
            CompiledModel compiled = new GraphCompiler(directory).compile(source, name, Precision.HALF);
            GraphProto graph = graph(compiled);
            assertThat(graph.getInitializerList())
                    .filteredOn(tensor -> tensor.getDataType() != DataType.FLOAT16.getNumber())
                    .extracting(TensorProto::getName)
                    .containsExactlyInAnyOrder("rope_cos", "rope_sin");
            assertThat(graph.getNodeList())
                    .extracting(NodeProto::getOpType)
                    .contains("Gemm", "PagedAttention", "SwiGlu", "Cast")
                    .doesNotContain("MatMulNBits", "BlockCorrection", "Int8Product", "Int8Rows");
            assertThat(graph.getOutputList())
                    .allSatisfy(output -> assertThat(
                                    output.getType().getTensorType().getElemType())
                            .isEqualTo(DataType.FLOAT.getNumber()));
            String down = "layer0.down.weight.half";
            assertThat(halves(compiled, graph, down))
                    .isEqualTo(rounded(DecoderGraph.weight(
                            source,
                            "model.layers.0.mlp.down_proj.weight",
                            source.config().hidden(),
                            source.config().feedForward())));
        }
    }

    private static GraphProto graph(CompiledModel compiled) throws IOException {
        try (InputStream in = Files.newInputStream(compiled.graph())) {
            return ModelProto.parseFrom(in).getGraph();
        }
    }

    private static float[] halves(CompiledModel compiled, GraphProto graph, String name) throws IOException {
        TensorProto tensor = graph.getInitializerList().stream()
                .filter(each -> each.getName().equals(name))
                .findFirst()
                .orElseThrow();
        Map<String, String> place = tensor.getExternalDataList().stream()
                .collect(Collectors.toMap(StringStringEntryProto::getKey, StringStringEntryProto::getValue));
        byte[] file = Files.readAllBytes(compiled.graph().resolveSibling(place.get("location")));
        int length = Integer.parseInt(place.get("length"));
        ByteBuffer bytes = ByteBuffer.wrap(file, Integer.parseInt(place.get("offset")), length)
                .order(ByteOrder.LITTLE_ENDIAN);
        float[] values = new float[length / Short.BYTES];
        for (int i = 0; i < values.length; i++) {
            values[i] = Float.float16ToFloat(bytes.getShort());
        }
        return values;
    }

    private static float[] rounded(TensorData tensor) {
        float[] values =
                new float[Math.toIntExact(tensor.shape().get(0) * tensor.shape().get(1))];
        TensorDecoder.decode(tensor, 0, values);
        for (int i = 0; i < values.length; i++) {
            values[i] = Float.float16ToFloat(Float.floatToFloat16(values[i]));
        }
        return values;
    }
}
