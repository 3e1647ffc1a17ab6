package dev.contexture.model.arch;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Codes and scales of ggml's block formats.
 *
 * <p>Idea: whatever the format, a group of {@link #groupElements} numbers is {@code scale * (code - zero)} or, in formats
 * with a minimum, {@code scale * code + minimum}, with whole codes of at most 8 bits. The graph compiler needs these
 * parts, not the numbers. Formats: ggml-org/ggml, src/ggml-common.h and ggml-quants.c.
 */
public enum QuantizedBlocks {
    Q4_0(TensorType.Q4_0, 32, 4, 8) {
        @Override
        void unpack(MemorySegment block, Group[] groups) {
            groups[0].scale = half(block, 0);
            nibbles(block, 2, groups[0]);
        }
    },
    Q4_1(TensorType.Q4_1, 32, 4, QuantizedBlocks.MINIMUM) {
        @Override
        void unpack(MemorySegment block, Group[] groups) {
            groups[0].scale = half(block, 0);
            groups[0].minimum = half(block, 2);
            nibbles(block, 4, groups[0]);
        }
    },
    Q5_0(TensorType.Q5_0, 32, 5, 16) {
        @Override
        void unpack(MemorySegment block, Group[] groups) {
            groups[0].scale = half(block, 0);
            nibbles(block, 6, groups[0]);
            fifthBits(block.get(INT, 2), groups[0]);
        }
    },
    Q5_1(TensorType.Q5_1, 32, 5, QuantizedBlocks.MINIMUM) {
        @Override
        void unpack(MemorySegment block, Group[] groups) {
            groups[0].scale = half(block, 0);
            groups[0].minimum = half(block, 2);
            nibbles(block, 8, groups[0]);
            fifthBits(block.get(INT, 4), groups[0]);
        }
    },
    Q8_0(TensorType.Q8_0, 32, 8, 128) {
        @Override
        void unpack(MemorySegment block, Group[] groups) {
            groups[0].scale = half(block, 0);
            for (int i = 0; i < 32; i++) {
                groups[0].codes[i] = block.get(ValueLayout.JAVA_BYTE, 2 + i) + 128;
            }
        }
    },
    Q4_K(TensorType.Q4_K, 32, 4, QuantizedBlocks.MINIMUM) {
        @Override
        void unpack(MemorySegment block, Group[] groups) {
            scalesAndMinima(block, groups);
            for (int g = 0; g < 8; g++) {
                for (int i = 0; i < 32; i++) {
                    int packed = unsigned(block, 16 + g / 2 * 32 + i);
                    groups[g].codes[i] = g % 2 == 0 ? packed & 15 : packed >> 4;
                }
            }
        }
    },
    Q5_K(TensorType.Q5_K, 32, 5, QuantizedBlocks.MINIMUM) {
        @Override
        void unpack(MemorySegment block, Group[] groups) {
            scalesAndMinima(block, groups);
            for (int g = 0; g < 8; g++) {
                for (int i = 0; i < 32; i++) {
                    int packed = unsigned(block, 48 + g / 2 * 32 + i);
                    int high = unsigned(block, 16 + i) >> g & 1;
                    groups[g].codes[i] = (g % 2 == 0 ? packed & 15 : packed >> 4) | high << 4;
                }
            }
        }
    },
    Q6_K(TensorType.Q6_K, 16, 6, 32) {
        @Override
        void unpack(MemorySegment block, Group[] groups) {
            float d = half(block, 208);
            for (int g = 0; g < 16; g++) {
                groups[g].scale = d * block.get(ValueLayout.JAVA_BYTE, 192 + g);
            }
            // Two halves of 128 numbers; in each, 32 columns hold 4 numbers: low nibbles, then high nibbles.
            for (int half = 0; half < 2; half++) {
                for (int quarter = 0; quarter < 4; quarter++) {
                    for (int i = 0; i < 32; i++) {
                        int low = unsigned(block, half * 64 + quarter % 2 * 32 + i) >> quarter / 2 * 4 & 15;
                        int high = unsigned(block, 128 + half * 32 + i) >> quarter * 2 & 3;
                        int at = half * 128 + quarter * 32 + i;
                        groups[at / 16].codes[at % 16] = low | high << 4;
                    }
                }
            }
        }
    };

    /** One group's parts; reused between blocks. */
    public static final class Group {
        public float scale;
        public float minimum;
        public final int[] codes;

        Group(int elements) {
            codes = new int[elements];
        }
    }

    private static final int MINIMUM = -1;
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final TensorType type;
    private final int groupElements;
    private final int bits;
    private final int zero;

    QuantizedBlocks(TensorType type, int groupElements, int bits, int zero) {
        this.type = type;
        this.groupElements = groupElements;
        this.bits = bits;
        this.zero = zero;
    }

    /**
     * @throws IllegalArgumentException if the type holds plain numbers
     */
    public static QuantizedBlocks of(TensorType type) {
        for (QuantizedBlocks blocks : values()) {
            if (blocks.type == type) {
                return blocks;
            }
        }
        throw new IllegalArgumentException(type + " is not quantised");
    }

    public int groupElements() {
        return groupElements;
    }

    public int bits() {
        return bits;
    }

    /** Whether a group is {@code scale * code + minimum}; otherwise it is {@code scale * (code - zero)}. */
    public boolean hasMinimum() {
        return zero == MINIMUM;
    }

    public int zero() {
        if (hasMinimum()) {
            throw new IllegalStateException(this + " has minima instead of a zero code");
        }
        return zero;
    }

    public Group[] newGroups() {
        Group[] groups = new Group[type.blockElements() / groupElements];
        for (int i = 0; i < groups.length; i++) {
            groups[i] = new Group(groupElements);
        }
        return groups;
    }

    /** Takes block number {@code index} of the data apart into {@code groups} (from {@link #newGroups}). */
    public void unpackBlock(MemorySegment data, long index, Group[] groups) {
        unpack(data.asSlice(index * type.blockBytes(), type.blockBytes()), groups);
    }

    abstract void unpack(MemorySegment block, Group[] groups);

    private static float half(MemorySegment block, long offset) {
        return Float.float16ToFloat(block.get(SHORT, offset));
    }

    private static int unsigned(MemorySegment block, long offset) {
        return Byte.toUnsignedInt(block.get(ValueLayout.JAVA_BYTE, offset));
    }

    /** 16 bytes: low nibbles are numbers 0 to 15, high nibbles 16 to 31. */
    private static void nibbles(MemorySegment block, long offset, Group group) {
        for (int i = 0; i < 16; i++) {
            int packed = unsigned(block, offset + i);
            group.codes[i] = packed & 15;
            group.codes[i + 16] = packed >> 4;
        }
    }

    private static void fifthBits(int bits, Group group) {
        for (int i = 0; i < 32; i++) {
            group.codes[i] |= (bits >>> i & 1) << 4;
        }
    }

    /** The 6-bit scales and minima of the K formats' eight groups, packed in 12 bytes behind two halves. */
    private static void scalesAndMinima(MemorySegment block, Group[] groups) {
        float d = half(block, 0);
        float dMinimum = half(block, 2);
        for (int g = 0; g < 8; g++) {
            int scale;
            int minimum;
            if (g < 4) {
                scale = unsigned(block, 4 + g) & 63;
                minimum = unsigned(block, 8 + g) & 63;
            } else {
                int packed = unsigned(block, 8 + g);
                scale = packed & 15 | unsigned(block, g) >> 6 << 4;
                minimum = packed >> 4 | unsigned(block, 4 + g) >> 6 << 4;
            }
            groups[g].scale = d * scale;
            groups[g].minimum = -dMinimum * minimum;
        }
    }
}
