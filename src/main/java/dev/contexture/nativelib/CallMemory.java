package dev.contexture.nativelib;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Native memory that the arrays of one call are laid into; it grows to the largest call seen. */
final class CallMemory {
    private static final long FIRST_BYTES = 16_384;

    private MemorySegment memory = Arena.ofAuto().allocate(FIRST_BYTES, Long.BYTES);
    private long used;

    /** The arrays of the call before are no longer needed. */
    CallMemory begin() {
        used = 0;
        return this;
    }

    MemorySegment put(int[] values) {
        MemorySegment target = room((long) values.length * Integer.BYTES);
        MemorySegment.copy(values, 0, target, JAVA_INT, 0, values.length);
        return target;
    }

    MemorySegment put(long[] values) {
        MemorySegment target = room((long) values.length * Long.BYTES);
        MemorySegment.copy(values, 0, target, JAVA_LONG, 0, values.length);
        return target;
    }

    /** One behind the other. */
    MemorySegment put(List<float[]> rows) {
        MemorySegment target = room(rows.stream().mapToLong(row -> row.length).sum() * Float.BYTES);
        long at = 0;
        for (float[] row : rows) {
            MemorySegment.copy(row, 0, target, JAVA_FLOAT, at, row.length);
            at += (long) row.length * Float.BYTES;
        }
        return target;
    }

    /** For what the call gives. */
    MemorySegment room(long bytes) {
        if (memory.byteSize() - used < bytes) {
            // The call's earlier arrays keep the memory that they lie in alive.
            memory = Arena.ofAuto().allocate(2 * (memory.byteSize() + bytes), Long.BYTES);
            used = 0;
        }
        MemorySegment part = memory.asSlice(used, bytes);
        used = Math.min(memory.byteSize(), Math.ceilDiv(used + bytes, (long) Long.BYTES) * Long.BYTES);
        return part;
    }
}
