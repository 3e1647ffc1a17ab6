package dev.contexture.nativelib;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The arrays of one call lie side by side, aligned, and stay what they are while the memory grows. */
class CallMemoryTest {
    private final CallMemory memory = new CallMemory();

    @Test
    void arraysOfAllKindsFollowEachOther() {
        memory.begin();
        MemorySegment ints = memory.put(new int[] {1, 2, 3});
        MemorySegment longs = memory.put(new long[] {4, 5});
        MemorySegment floats = memory.put(List.of(new float[] {6, 7}, new float[] {8}));
        MemorySegment room = memory.room(5);
        assertThat(ints.toArray(JAVA_INT)).containsExactly(1, 2, 3);
        assertThat(longs.toArray(JAVA_LONG)).containsExactly(4, 5);
        assertThat(floats.toArray(JAVA_FLOAT)).containsExactly(6, 7, 8);
        assertThat(room.byteSize()).isEqualTo(5);
        for (MemorySegment part : List.of(ints, longs, floats, room)) {
            assertThat(part.address() % Long.BYTES).isZero();
        }
    }

    @Test
    void whatWasPutStaysWhileTheMemoryGrows() {
        for (int call = 0; call < 3; call++) {
            memory.begin();
            int[] small = {call, call + 1};
            int[] large = new int[20_000 * (call + 1)];
            Arrays.fill(large, call);
            MemorySegment before = memory.put(small);
            MemorySegment grown = memory.put(large);
            MemorySegment behind = memory.put(small);
            assertThat(before.toArray(JAVA_INT)).isEqualTo(small);
            assertThat(grown.toArray(JAVA_INT)).isEqualTo(large);
            assertThat(behind.toArray(JAVA_INT)).isEqualTo(small);
        }
    }

    @Test
    void aNewCallTakesTheSameMemory() {
        long address = memory.begin().put(new int[] {1}).address();
        assertThat(memory.begin().put(new long[] {2}).address()).isEqualTo(address);
    }
}
