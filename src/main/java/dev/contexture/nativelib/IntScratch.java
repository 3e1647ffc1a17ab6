package dev.contexture.nativelib;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Native memory that int arrays are laid into for one call; it grows to the largest call seen. */
final class IntScratch {
    private MemorySegment memory = Arena.ofAuto().allocate(JAVA_INT, 4096);
    private long used;

    /** Begins a call that will {@link #put} this many ints in all. */
    IntScratch begin(long ints) {
        if (memory.byteSize() < ints * Integer.BYTES) {
            memory = Arena.ofAuto().allocate(JAVA_INT, 2 * ints);
        }
        used = 0;
        return this;
    }

    MemorySegment put(int[] values) {
        MemorySegment target = memory.asSlice(used, (long) values.length * Integer.BYTES);
        MemorySegment.copy(values, 0, target, JAVA_INT, 0, values.length);
        used += target.byteSize();
        return target;
    }
}
