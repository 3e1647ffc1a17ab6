package dev.contexture.model.graph;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.contexture.core.Precision;
import dev.contexture.model.arch.BrainFloat;
import dev.contexture.model.arch.ModelSource;
import dev.contexture.model.arch.TensorData;
import dev.contexture.model.arch.TensorDecoder;
import dev.contexture.model.arch.TensorType;
import dev.contexture.model.gguf.GgufModelSource;
import dev.contexture.model.graph.LinearWeights.Part;
import dev.contexture.model.graph.LinearWeights.RowMap;
import dev.contexture.model.graph.onnx.NodeProto;
import dev.contexture.model.graph.onnx.TensorProto;
import dev.contexture.model.graph.onnx.TensorProto.DataType;
import dev.contexture.model.head.RetrievalHeadFile;
import dev.contexture.model.safetensors.SafetensorsModelSource;
import dev.contexture.testing.TinyHead;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What CUDA devices run: 16-bit numbers but for the rotary tables and the outputs, without operations that only CPUs have. */
class DeviceGraphTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");
    private static final String DOWN = "model.layers.0.mlp.down_proj.weight";

    @TempDir
    private Path directory;

    private static ModelSource gguf(String name) throws IOException {
        return GgufModelSource.open(GOLDEN.resolve("gguf").resolve(name + ".gguf"));
    }

    private static ModelSource safetensors(String name) throws IOException {
        return SafetensorsModelSource.open(GOLDEN.resolve("tiny").resolve(name));
    }

    private CompiledGraph compile(ModelSource source, String name, Precision precision) throws IOException {
        CompiledModel compiled = new GraphCompiler(directory).compile(source, name, precision);
        return CompiledGraph.read(compiled.graph());
    }

    private static void requireFloatOutputs(CompiledGraph graph) {
        assertThat(graph.proto().getOutputList())
                .allSatisfy(
                        output -> assertThat(output.getType().getTensorType().getElemType())
                                .isEqualTo(DataType.FLOAT.getNumber()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama-q4_1", "llama-bf16-linear", "qwen2-q8_0", "qwen3-q4_1"})
    void holdsTheWeightsAsHalves(String name) throws IOException {
        try (ModelSource source = gguf(name)) {
            CompiledGraph graph = compile(source, name, Precision.HALF);
            requireAllOf(graph, DataType.FLOAT16);
            assertThat(numbers(graph.bytes("layer0.down.weight.half"), Float::float16ToFloat))
                    .isEqualTo(decoded(source, DOWN, x -> Float.float16ToFloat(Float.floatToFloat16((float) x))));
        }
    }

    @Test
    void holdsTheWeightsAsBrainFloatsWhereTheModelDoes() throws IOException {
        try (ModelSource source = safetensors("qwen2")) {
            assertThat(source.hasBrainFloatWeights()).isTrue();
            CompiledGraph graph = compile(source, "qwen2", Precision.BRAIN_FLOAT);
            requireAllOf(graph, DataType.BFLOAT16);
            assertThat(numbers(graph.bytes("layer0.down.weight.brain"), BrainFloat::toFloat))
                    .isEqualTo(decoded(source, DOWN, x -> x));
        }
    }

    @Test
    void knowsWhichWeightsAreBrainFloats() throws IOException {
        try (ModelSource plain = safetensors("llama3");
                ModelSource brain = gguf("llama-bf16-linear");
                ModelSource quantised = gguf("llama-q4_0")) {
            assertThat(plain.hasBrainFloatWeights()).isFalse();
            assertThat(brain.hasBrainFloatWeights()).isTrue();
            assertThat(quantised.hasBrainFloatWeights()).isFalse();
        }
    }

    private static void requireAllOf(CompiledGraph graph, DataType type) {
        assertThat(graph.proto().getInitializerList())
                .filteredOn(tensor -> tensor.getDataType() != type.getNumber())
                .extracting(TensorProto::getName)
                .containsExactlyInAnyOrder("rope_cos", "rope_sin");
        assertThat(graph.proto().getNodeList())
                .extracting(NodeProto::getOpType)
                .contains("Gemm", "PagedAttention", "SwiGlu", "Cast")
                .doesNotContain(
                        "MatMulNBits", "BlockCorrection", "Int8Product", "Int8Rows", "BlockProduct", "BlockRows");
        requireFloatOutputs(graph);
    }

    /** The numbers that the device's kernels make of codes, scales and minima, beside those of the file. */
    @ParameterizedTest
    @CsvSource({
        "llama-q4_0, 4, 32, 8",
        "llama-q4_1, 4, 32, 0",
        "llama-q5_0-v2, 8, 32, 16",
        "llama-q5_1, 8, 32, 0",
        "llama-q8_0, 8, 32, 128",
        "llama-q4_k, 4, 32, 0",
        "llama-q5_k, 8, 32, 0",
        "llama-q6_k, 8, 16, 32"
    })
    void keepsTheFilesCodes(String name, long bits, long group, long zero) throws IOException {
        try (ModelSource source = gguf(name)) {
            CompiledGraph graph = compile(source, name, Precision.QUANTISED_HALF);
            TensorType type = tensor(source, DOWN).type();
            NodeProto product = graph.node("layer0.down");
            assertThat(product.getOpType()).isEqualTo("BlockProduct");
            assertThat(CompiledGraph.attributes(product)).isEqualTo(Map.of("bits", bits, "group", group, "zero", zero));
            float[] expected = decoded(source, DOWN, x -> x);
            float[] actual = weights(graph, product);
            if (type == TensorType.Q4_K || type == TensorType.Q5_K || type == TensorType.Q6_K) {
                float largest = 0;
                for (float value : expected) {
                    largest = Math.max(largest, Math.abs(value));
                }
                for (int i = 0; i < expected.length; i++) {
                    // A scale and a minimum rounded to halves, which may be twice as large as what they give.
                    assertThat(actual[i]).isCloseTo(expected[i], within(largest * 0x1p-10f * 3));
                }
            } else {
                assertThat(actual).isEqualTo(expected);
            }
            assertThat(graph.proto().getNodeList())
                    .extracting(NodeProto::getOpType)
                    .contains("PagedAttention", "SwiGlu")
                    .doesNotContain("MatMulNBits", "BlockCorrection", "Int8Product", "Int8Rows");
            requireFloatOutputs(graph);
        }
    }

    @Test
    void ordersRotaryRowsAsThePlainWeightsDo() throws IOException {
        try (ModelSource source = gguf("llama-q8_0")) {
            CompiledGraph quantised = compile(source, "q", Precision.QUANTISED_HALF);
            CompiledGraph plain = compile(source, "q", Precision.HALF);
            float[] rounded = weights(quantised, quantised.node("layer0.qkv"));
            for (int i = 0; i < rounded.length; i++) {
                rounded[i] = Float.float16ToFloat(Float.floatToFloat16(rounded[i]));
            }
            assertThat(rounded).isEqualTo(numbers(plain.bytes("layer0.qkv.weight.half"), Float::float16ToFloat));
        }
    }

    @Test
    void embeddingsAndATiedHeadShareTheirCodes() throws IOException {
        try (ModelSource source = gguf("qwen2-q8_0")) {
            assertThat(source.config().tiedEmbeddings()).isTrue();
            CompiledGraph graph = compile(source, "tied", Precision.QUANTISED_HALF);
            NodeProto rows = graph.node("embedding.gather");
            NodeProto head = graph.node("embedding");
            assertThat(rows.getOpType()).isEqualTo("BlockRows");
            assertThat(rows.getInput(0)).isEqualTo(CompiledModel.INPUT_IDS);
            assertThat(head.getOpType()).isEqualTo("BlockProduct");
            assertThat(head.getInputList().subList(1, head.getInputCount()))
                    .isEqualTo(rows.getInputList().subList(1, rows.getInputCount()));
        }
    }

    @Test
    void plainWeightsAreHalvesBesideQuantisedOnes() throws IOException {
        try (ModelSource source = safetensors("llama3")) {
            requireAllOf(compile(source, "plain", Precision.QUANTISED_HALF), DataType.FLOAT16);
        }
    }

    /** Files of mixed formats give the values' projection more bits than the others. */
    @Test
    void partsOfSeveralFormatsBecomeOneDenseMatrix() throws IOException {
        try (Arena arena = Arena.ofConfined();
                WeightsFile file = new WeightsFile(directory.resolve("weights.bin"))) {
            TensorData halves = new TensorData("halves", TensorType.F16, List.of(1L, 32L), arena.allocate(64, 2));
            TensorData floats = new TensorData("floats", TensorType.F32, List.of(1L, 32L), arena.allocate(128, 4));
            floats.data().set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4, 1.5f);
            GraphBuilder graph = new GraphBuilder("mixed", file, "weights.bin");
            LinearWeights weights =
                    new LinearWeights("mixed", List.of(new Part(halves, RowMap.SAME), new Part(floats, RowMap.SAME)));
            weights.emit(graph, Precision.HALF, "x");
            assertThat(graph.build().getGraph().getInitializer(0).getDimsList()).containsExactly(2L, 32L);
        }
    }

    /** Features are float32 between the graphs, whatever these compute in. */
    @ParameterizedTest
    @EnumSource(names = {"HALF", "QUANTISED_HALF", "BRAIN_FLOAT"})
    void theRetrievalHeadTakesFeaturesAsFloats(Precision precision) throws IOException {
        try (ModelSource source = safetensors("llama3");
                RetrievalHeadFile head = RetrievalHeadFile.open(
                        new TinyHead(source.config(), 2, 2, 4, 16).write(directory.resolve("head.safetensors")))) {
            CompiledModel compiled =
                    new GraphCompiler(directory).compile(source, "with head", precision, Optional.of(head));
            requireFloatOutputs(CompiledGraph.read(compiled.graph()));
            CompiledModel.Head graphs = compiled.head().orElseThrow();
            for (Path path : List.of(graphs.keys(), graphs.query())) {
                CompiledGraph graph = CompiledGraph.read(path);
                DataType type = GraphBuilder.type(precision);
                assertThat(graph.proto().getInputList())
                        .filteredOn(input -> input.getName().equals(CompiledModel.FEATURES))
                        .singleElement()
                        .satisfies(input -> assertThat(
                                        input.getType().getTensorType().getElemType())
                                .isEqualTo(DataType.FLOAT.getNumber()));
                assertThat(CompiledGraph.attributes(graph.node("retrieval.features.rounded")))
                        .containsEntry("to", (long) type.getNumber());
                assertThat(graph.proto().getNodeList())
                        .extracting(NodeProto::getOpType)
                        .contains(precision == Precision.QUANTISED_HALF ? "BlockProduct" : "Gemm");
                NodeProto last = graph.proto().getNode(graph.proto().getNodeCount() - 1);
                assertThat(last.getInput(0)).endsWith(".floats");
            }
        }
    }

    private interface Bits {
        float toFloat(short bits);
    }

    private static float[] numbers(ByteBuffer bytes, Bits bits) {
        float[] values = new float[bytes.remaining() / Short.BYTES];
        for (int i = 0; i < values.length; i++) {
            values[i] = bits.toFloat(bytes.getShort());
        }
        return values;
    }

    private static TensorData tensor(ModelSource source, String name) {
        return requireNonNull(source.tensors().get(name));
    }

    private static float[] decoded(ModelSource source, String name, DoubleUnaryOperator rounding) {
        TensorData tensor = tensor(source, name);
        float[] values = new float[Math.toIntExact(tensor.elements())];
        TensorDecoder.decode(tensor, 0, values);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) rounding.applyAsDouble(values[i]);
        }
        return values;
    }

    /** scale * (code - zero) + minimum, before it is rounded to a half; see kernels/cuda/block_product.h. */
    private static float[] weights(CompiledGraph graph, NodeProto product) throws IOException {
        Map<String, Long> attributes = CompiledGraph.attributes(product);
        int bits = Math.toIntExact(requireNonNull(attributes.get("bits")));
        int group = Math.toIntExact(requireNonNull(attributes.get("group")));
        int zero = Math.toIntExact(requireNonNull(attributes.get("zero")));
        ByteBuffer codes = graph.bytes(product.getInput(1));
        float[] scales = numbers(graph.bytes(product.getInput(2)), Float::float16ToFloat);
        float[] minima = product.getInputCount() > 3
                ? numbers(graph.bytes(product.getInput(3)), Float::float16ToFloat)
                : new float[0];
        float[] values = new float[scales.length * group];
        for (int i = 0; i < values.length; i++) {
            int code;
            if (bits == 8) {
                code = Byte.toUnsignedInt(codes.get(i));
            } else {
                int word = codes.getInt(i / 8 * 4);
                int inWord = i % 8;
                code = word >>> 4 * (inWord / 2) + 16 * (inWord % 2) & 15;
            }
            values[i] = scales[i / group] * (code - zero);
            if (minima.length > 0) {
                values[i] += minima[i / group];
            }
        }
        return values;
    }
}
