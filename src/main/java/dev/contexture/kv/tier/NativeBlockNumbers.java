package dev.contexture.kv.tier;

import dev.contexture.kv.BlockLocation;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** {@link BlockNumbers} by way of a block's exact bytes. */
public final class NativeBlockNumbers implements BlockNumbers {
    private final BlockCoder exact;
    private final MemorySegment buffer;

    /**
     * @param exact whose bytes of rows are numbers of 16 bits
     * @param buffer native memory for the longest block's largest part
     */
    public NativeBlockNumbers(BlockCoder exact, MemorySegment buffer) {
        this.exact = exact;
        this.buffer = buffer;
    }

    @Override
    public float[] read(BlockLocation block, BlockPart.Rows part) {
        MemorySegment bytes = buffer.asSlice(0, exact.bytes(part, block.tokens()));
        exact.encode(block, part, bytes);
        float[] numbers = new float[Math.toIntExact(bytes.byteSize() / Short.BYTES)];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = Float.float16ToFloat(bytes.getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i));
        }
        return numbers;
    }
}
