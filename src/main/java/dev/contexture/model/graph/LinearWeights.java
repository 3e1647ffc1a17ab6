package dev.contexture.model.graph;

import dev.contexture.core.Precision;
import dev.contexture.model.arch.QuantizedBlocks;
import dev.contexture.model.arch.TensorData;
import dev.contexture.model.arch.TensorDecoder;
import dev.contexture.model.arch.TensorType;
import dev.contexture.model.graph.onnx.TensorProto.DataType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * One product y = x Wᵀ of the graph, whose rows may come from several tensors: of one format where they stay quantised.
 *
 * <p>Idea: every ggml format keeps its exact weights in ONNX Runtime's MatMulNBits, which multiplies {@code scale *
 * (code - 8)} (or 128 for 8 bits). Formats with a minimum need {@code + (minimum + zero * scale) * blocksum(x)} per block:
 * our op BlockCorrection adds it to the product. In the fast mode it sums the rounded activations that the product saw. The alternative, float zero points,
 * is 20 to 40 times slower in ONNX Runtime 1.29, and re-quantising changes the model.
 */
final class LinearWeights {
    private final String name;
    private final List<Part> parts;
    private final int inputs;

    /** Rows of one tensor in the order in which the graph wants them. */
    record Part(TensorData tensor, RowMap rows) {
        int outputs() {
            return Math.toIntExact(tensor.shape().getFirst());
        }
    }

    /** Which row of the file comes at a row of the graph. */
    interface RowMap {
        RowMap SAME = row -> row;

        int fileRow(int row);

        /** Undoes the interleaved order of rotary pairs that GGUF gives the query and key rows of Llama models. */
        static RowMap halfSplit(int headDim) {
            return row -> {
                int inHead = row % headDim;
                int half = headDim / 2;
                return row - inHead + inHead % half * 2 + inHead / half;
            };
        }
    }

    LinearWeights(String name, List<Part> parts) {
        this.name = name;
        this.parts = List.copyOf(parts);
        this.inputs = Math.toIntExact(parts.getFirst().tensor.shape().get(1));
        for (Part part : parts) {
            List<Long> shape = part.tensor.shape();
            if (shape.size() != 2 || shape.get(1) != inputs) {
                throw new IllegalArgumentException(part.tensor.name() + " does not fit beside "
                        + parts.getFirst().tensor.name());
            }
        }
    }

    private TensorType type() {
        return parts.getFirst().tensor.type();
    }

    int outputs() {
        return parts.stream().mapToInt(Part::outputs).sum();
    }

    private QuantizedBlocks blocks() {
        for (Part part : parts) {
            if (part.tensor.type() != type()) {
                throw new IllegalStateException("the parts of " + name + " have several formats: group them first");
            }
        }
        return QuantizedBlocks.of(type());
    }

    /** The parts in their order, neighbours of one format in one product. */
    static List<LinearWeights> grouped(String name, List<Part> parts) {
        List<List<Part>> groups = new ArrayList<>();
        for (Part part : parts) {
            if (groups.isEmpty() || groups.getLast().getFirst().tensor.type() != part.tensor.type()) {
                groups.add(new ArrayList<>());
            }
            groups.getLast().add(part);
        }
        if (groups.size() == 1) {
            return List.of(new LinearWeights(name, parts));
        }
        List<LinearWeights> products = new ArrayList<>();
        for (List<Part> group : groups) {
            products.add(new LinearWeights(name + "." + products.size(), group));
        }
        return products;
    }

    /**
     * Adds the product to the graph.
     *
     * @param x [rows, inputs]
     * @return the output's name: [rows, outputs]
     */
    String emit(GraphBuilder graph, Precision precision, String x) throws IOException {
        if (staysQuantised(precision)) {
            return new DeviceBlocks(name, parts).emitProduct(graph, x);
        }
        if (precision.isOnDevice() || !type().isQuantised()) {
            return graph.op("Gemm", name, List.of(x, denseInitializer(graph, precision)), Map.of("transB", 1L));
        }
        QuantizedBlocks blocks = blocks();
        int group = blocks.groupElements();
        String codes = codesInitializer(graph);
        String scales = scalesInitializer(graph);
        String product = blocks.hasMinimum() ? name + ".product" : name;
        graph.node(
                GraphBuilder.MICROSOFT,
                "MatMulNBits",
                product,
                List.of(x, codes, scales),
                List.of(product),
                Map.of(
                        "K", (long) inputs,
                        "N", (long) outputs(),
                        "bits", (long) codeBits(),
                        "block_size", (long) group,
                        "accuracy_level", precision == Precision.FAST ? 4L : 0L));
        if (!blocks.hasMinimum()) {
            return product;
        }
        graph.node(
                GraphBuilder.CONTEXTURE,
                "BlockCorrection",
                name,
                List.of(product, x, correctionsInitializer(graph)),
                List.of(name),
                Map.of("block", (long) group, "int8", precision == Precision.FAST ? 1L : 0L));
        return name;
    }

    private boolean staysQuantised(Precision precision) {
        return precision == Precision.QUANTISED_HALF && type().isQuantised();
    }

    /**
     * Adds the gathering of rows of the weights, of which {@link #emit} makes a product as well.
     *
     * @param rows [count] ids
     * @return the output's name: [count, inputs]
     */
    String emitRows(GraphBuilder graph, Precision precision, String rows) throws IOException {
        if (staysQuantised(precision)) {
            return new DeviceBlocks(name, parts).emitRows(graph, rows);
        }
        return graph.op(
                "Gather", name + ".gather", List.of(denseInitializer(graph, precision), rows), Map.of("axis", 0L));
    }

    /** Whether {@link #emitInt8} can carry the weights: codes of more than 4 bits, and no minimum. */
    boolean fitsInt8() {
        return type().isQuantised() && !blocks().hasMinimum() && blocks().bits() > 4;
    }

    /**
     * Adds the product by our own op, which keeps activations in float32: for the output head, whose rounding errors fall
     * on the logits directly and whose few rows leave the arithmetic for free.
     */
    String emitInt8(GraphBuilder graph, String x) throws IOException {
        graph.node(
                GraphBuilder.CONTEXTURE,
                "Int8Product",
                name,
                List.of(x, signedCodesInitializer(graph), scalesInitializer(graph)),
                List.of(name),
                Map.of("block", (long) blocks().groupElements()));
        return name;
    }

    int groupElements() {
        return blocks().groupElements();
    }

    /** [outputs, inputs], the format's zero taken off. */
    String signedCodesInitializer(GraphBuilder graph) throws IOException {
        int zero = blocks().zero();
        return graph.external(
                name + ".signed_codes",
                DataType.INT8,
                List.of((long) outputs(), (long) inputs),
                file -> eachGroup(group -> {
                    for (int code : group.codes) {
                        file.putByte(code - zero);
                    }
                }));
    }

    private int codeBits() {
        return blocks().bits() <= 4 ? 4 : 8;
    }

    /** What MatMulNBits subtracts from a code. */
    private int productZero() {
        return codeBits() == 4 ? 8 : 128;
    }

    /** Added to a code so that the format's zero becomes the product's. */
    private int codeShift() {
        return codeBits() == 4 ? 0 : blocks().hasMinimum() ? 128 - 16 : 128 - blocks().zero();
    }

    /** [outputs, inputs] in the precision's numbers, whatever the format. */
    String denseInitializer(GraphBuilder graph, Precision precision) throws IOException {
        return graph.matrix(name + ".weight", precision, outputs(), inputs, this::decodeRow);
    }

    private void decodeRow(long row, float[] to) {
        int inPart = Math.toIntExact(row);
        for (Part part : parts) {
            if (inPart < part.outputs()) {
                TensorDecoder.decode(part.tensor, (long) part.rows.fileRow(inPart) * inputs, to);
                return;
            }
            inPart -= part.outputs();
        }
        throw new IndexOutOfBoundsException("row " + row + " of " + outputs());
    }

    /** [outputs, groups, groupElements * bits / 8], the first of two 4-bit codes in the low half of a byte. */
    private String codesInitializer(GraphBuilder graph) throws IOException {
        int group = blocks().groupElements();
        int bytes = group * codeBits() / 8;
        return graph.external(
                name + ".codes",
                DataType.UINT8,
                List.of((long) outputs(), (long) inputs / group, (long) bytes),
                file -> eachGroup(part -> {
                    int[] codes = part.codes;
                    int shift = codeShift();
                    if (codeBits() == 4) {
                        for (int i = 0; i < codes.length; i += 2) {
                            file.putByte(codes[i] | codes[i + 1] << 4);
                        }
                    } else {
                        for (int code : codes) {
                            file.putByte(code + shift);
                        }
                    }
                }));
    }

    String scalesInitializer(GraphBuilder graph) throws IOException {
        return graph.external(
                name + ".scales",
                DataType.FLOAT,
                List.of((long) outputs(), (long) inputs / blocks().groupElements()),
                file -> eachGroup(group -> file.putFloat(group.scale)));
    }

    /** [groups, outputs]: minimum + zero * scale, with the zero that the shifted codes have in the product. */
    private String correctionsInitializer(GraphBuilder graph) throws IOException {
        int groups = inputs / blocks().groupElements();
        int zero = productZero() - codeShift();
        float[] corrections = new float[Math.multiplyExact(groups, outputs())];
        int[] next = {0};
        eachGroup(group -> {
            int output = next[0] / groups;
            corrections[next[0] % groups * outputs() + output] = group.minimum + zero * group.scale;
            next[0]++;
        });
        return graph.external(name + ".corrections", DataType.FLOAT, List.of((long) groups, (long) outputs()), file -> {
            for (float value : corrections) {
                file.putFloat(value);
            }
        });
    }

    private interface GroupVisitor {
        void visit(QuantizedBlocks.Group group) throws IOException;
    }

    private void eachGroup(GroupVisitor visitor) throws IOException {
        QuantizedBlocks blocks = blocks();
        QuantizedBlocks.Group[] groups = blocks.newGroups();
        long blocksPerRow = inputs / type().blockElements();
        for (Part part : parts) {
            for (int r = 0; r < part.outputs(); r++) {
                long first = part.rows.fileRow(r) * blocksPerRow;
                for (long b = 0; b < blocksPerRow; b++) {
                    blocks.unpackBlock(part.tensor.data(), first + b, groups);
                    for (QuantizedBlocks.Group group : groups) {
                        visitor.visit(group);
                    }
                }
            }
        }
    }
}
