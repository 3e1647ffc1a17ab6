package dev.contexture.model.graph;

import dev.contexture.model.ModelFormatException;
import dev.contexture.model.arch.QuantizedBlocks;
import dev.contexture.model.arch.TensorData;
import dev.contexture.model.graph.LinearWeights.Part;
import dev.contexture.model.graph.onnx.TensorProto.DataType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * A quantised matrix as our operations on CUDA devices take it: the file's codes, and a half per group of them for its scale and, in
 * formats with a minimum, for that. ONNX Runtime's MatMulNBits adds up in fp16 there and knows no minima.
 *
 * <p>Trade-off: K formats multiply two numbers for a scale, and the product is rounded to a half: an error of 2^-11 of a group's
 * largest number, as rounding the weights themselves to fp16 has.
 */
final class DeviceBlocks {
    /** Places in 32 bits, each of 4, of eight codes in their order: so one mask gives a kernel two neighbours. */
    private static final int[] NIBBLES = {0, 4, 1, 5, 2, 6, 3, 7};

    private final String name;
    private final List<Part> parts;
    private final QuantizedBlocks blocks;
    private final int inputs;
    private final int outputs;

    /**
     * @param parts of one quantised format
     */
    DeviceBlocks(String name, List<Part> parts) {
        this.name = name;
        this.parts = List.copyOf(parts);
        TensorData first = parts.getFirst().tensor();
        this.blocks = QuantizedBlocks.of(first.type());
        this.inputs = Math.toIntExact(first.shape().get(1));
        this.outputs = parts.stream().mapToInt(Part::outputs).sum();
        for (Part part : parts) {
            if (part.tensor().type() != first.type()) {
                throw new IllegalArgumentException(
                        part.tensor().name() + " does not have the format of " + first.name());
            }
        }
    }

    /**
     * @param x [rows, inputs]
     * @return the output's name: [rows, outputs]
     */
    String emitProduct(GraphBuilder graph, String x) throws IOException {
        return emit(graph, "BlockProduct", name, x);
    }

    /**
     * @param ids [count] of rows
     * @return the output's name: [count, inputs]
     */
    String emitRows(GraphBuilder graph, String ids) throws IOException {
        return emit(graph, "BlockRows", name + ".gather", ids);
    }

    private String emit(GraphBuilder graph, String op, String output, String first) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(first, codes(graph), halves(graph, "scales", g -> g.scale)));
        if (blocks.hasMinimum()) {
            arguments.add(halves(graph, "minima", g -> g.minimum));
        }
        graph.node(
                GraphBuilder.CONTEXTURE,
                op,
                output,
                arguments,
                List.of(output),
                Map.of(
                        "bits", (long) bits(),
                        "group", (long) blocks.groupElements(),
                        "zero", blocks.hasMinimum() ? 0L : blocks.zero()));
        return output;
    }

    private int bits() {
        return blocks.bits() <= 4 ? 4 : 8;
    }

    /** [outputs, inputs * bits / 8]. */
    private String codes(GraphBuilder graph) throws IOException {
        int rowBytes = inputs * bits() / 8;
        return graph.external(
                name + ".device_codes",
                DataType.UINT8,
                List.of((long) outputs, (long) rowBytes),
                file -> file.putRows(
                        outputs, rowBytes, (row, to) -> eachGroup(row, group -> putCodes(group.codes, to))));
    }

    private void putCodes(int[] codes, ByteBuffer to) {
        if (bits() == 8) {
            for (int code : codes) {
                to.put((byte) code);
            }
            return;
        }
        for (int i = 0; i < codes.length; i += NIBBLES.length) {
            int packed = 0;
            for (int j = 0; j < NIBBLES.length; j++) {
                packed |= codes[i + j] << 4 * NIBBLES[j];
            }
            to.putInt(packed);
        }
    }

    /** [outputs, groups]. */
    private String halves(GraphBuilder graph, String what, ToDoubleFunction<QuantizedBlocks.Group> value)
            throws IOException {
        int groups = inputs / blocks.groupElements();
        return graph.external(
                name + ".device_" + what,
                DataType.FLOAT16,
                List.of((long) outputs, (long) groups),
                file -> file.putRows(
                        outputs,
                        groups * Short.BYTES,
                        (row, to) -> eachGroup(row, group -> to.putShort(half((float) value.applyAsDouble(group))))));
    }

    private short half(float value) {
        short half = Float.floatToFloat16(value);
        if (!Float.isFinite(Float.float16ToFloat(half))) {
            throw new ModelFormatException("a scale or minimum of "
                    + parts.getFirst().tensor().name() + " is " + value + ", which is no finite number in fp16");
        }
        return half;
    }

    private interface GroupVisitor {
        void visit(QuantizedBlocks.Group group);
    }

    /** The groups of a row of the product. Called from several threads at once. */
    private void eachGroup(long row, GroupVisitor visitor) {
        int inPart = Math.toIntExact(row);
        for (Part part : parts) {
            if (inPart < part.outputs()) {
                QuantizedBlocks.Group[] groups = blocks.newGroups();
                TensorData tensor = part.tensor();
                long perRow = inputs / tensor.type().blockElements();
                long first = part.rows().fileRow(inPart) * perRow;
                for (long block = first; block < first + perRow; block++) {
                    blocks.unpackBlock(tensor.data(), block, groups);
                    for (QuantizedBlocks.Group group : groups) {
                        visitor.visit(group);
                    }
                }
                return;
            }
            inPart -= part.outputs();
        }
        throw new IndexOutOfBoundsException("row " + row + " of " + outputs);
    }
}
