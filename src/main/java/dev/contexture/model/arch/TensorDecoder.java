package dev.contexture.model.arch;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Weights as float32, whatever their format. */
public final class TensorDecoder {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private TensorDecoder() {}

    /**
     * Decodes {@code out.length} numbers from {@code firstElement} on; for quantised types both must be whole blocks.
     *
     * @throws IllegalArgumentException if the range is outside the tensor or cuts a block
     */
    public static void decode(TensorData tensor, long firstElement, float[] out) {
        TensorType type = tensor.type();
        if (firstElement < 0 || firstElement + out.length > tensor.elements()) {
            throw new IllegalArgumentException("tensor " + tensor.name() + " has " + tensor.elements()
                    + " numbers, not " + firstElement + " to " + (firstElement + out.length));
        }
        if (firstElement % type.blockElements() != 0 || out.length % type.blockElements() != 0) {
            throw new IllegalArgumentException("numbers " + firstElement + " to " + (firstElement + out.length)
                    + " cut a block of " + type.blockElements());
        }
        MemorySegment data = tensor.data();
        switch (type) {
            case F32 -> MemorySegment.copy(data, FLOAT, firstElement * Float.BYTES, out, 0, out.length);
            case F16 -> {
                for (int i = 0; i < out.length; i++) {
                    out[i] = Float.float16ToFloat(data.get(SHORT, (firstElement + i) * Short.BYTES));
                }
            }
            case BF16 -> {
                for (int i = 0; i < out.length; i++) {
                    out[i] = BrainFloat.toFloat(data.get(SHORT, (firstElement + i) * Short.BYTES));
                }
            }
            case I8 -> {
                for (int i = 0; i < out.length; i++) {
                    out[i] = data.get(ValueLayout.JAVA_BYTE, firstElement + i);
                }
            }
            default -> decodeBlocks(QuantizedBlocks.of(type), type, data, firstElement, out);
        }
    }

    private static void decodeBlocks(
            QuantizedBlocks blocks, TensorType type, MemorySegment data, long firstElement, float[] out) {
        QuantizedBlocks.Group[] groups = blocks.newGroups();
        int at = 0;
        for (long block = firstElement / type.blockElements(); at < out.length; block++) {
            blocks.unpackBlock(data, block, groups);
            for (QuantizedBlocks.Group group : groups) {
                for (int code : group.codes) {
                    out[at++] = blocks.hasMinimum()
                            ? group.scale * code + group.minimum
                            : group.scale * (code - blocks.zero());
                }
            }
        }
    }
}
