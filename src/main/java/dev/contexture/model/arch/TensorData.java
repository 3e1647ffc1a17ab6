package dev.contexture.model.arch;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * One weight as it lies in the mapped model file.
 *
 * @param shape row-major, slowest dimension first: a projection is [outputs, inputs]
 * @param data read-only bytes in {@code type}'s layout; valid until the model file is closed
 */
public record TensorData(String name, TensorType type, List<Long> shape, MemorySegment data) {
    public TensorData {
        shape = List.copyOf(shape);
        long expected = type.bytesFor(shape.stream().reduce(1L, Math::multiplyExact));
        if (data.byteSize() != expected) {
            throw new IllegalArgumentException("tensor " + name + " of type " + type + " and shape " + shape + " needs "
                    + expected + " bytes but has " + data.byteSize());
        }
    }

    public long elements() {
        return shape.stream().reduce(1L, Math::multiplyExact);
    }
}
