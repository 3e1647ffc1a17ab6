package dev.contexture.model.gguf;

import dev.contexture.model.ModelFormatException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Reads the little-endian primitives of a GGUF header; every read is checked against the file's end. */
final class GgufReader {
    static final int MAX_NESTING = 4;

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment file;
    private long position;

    GgufReader(MemorySegment file) {
        this.file = file;
    }

    long position() {
        return position;
    }

    int readInt(String what) {
        return file.get(INT, advance(Integer.BYTES, what));
    }

    long readLong(String what) {
        return file.get(LONG, advance(Long.BYTES, what));
    }

    /** A count of things that take at least {@code leastBytesEach} bytes each, so that it can be believed. */
    int readCount(String what, long leastBytesEach) {
        long count = readLong(what);
        long most = (file.byteSize() - position) / leastBytesEach;
        if (count < 0 || count > most || count > Integer.MAX_VALUE - 8) {
            throw new ModelFormatException(what + " is " + Long.toUnsignedString(count) + " but the file has room for "
                    + most + " at most: it is damaged or truncated");
        }
        return (int) count;
    }

    String readString(String what) {
        int length = readCount("length of " + what, 1);
        byte[] bytes = file.asSlice(advance(length, what), length).toArray(ValueLayout.JAVA_BYTE);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** A metadata value: Long for integers, Double for floats, Boolean, String, or a List of one of them. */
    Object readValue(String what, int type, int depth) {
        return switch (type) {
            case 0 -> (long) Byte.toUnsignedInt(readByte(what));
            case 1 -> (long) readByte(what);
            case 2 -> (long) Short.toUnsignedInt(file.get(SHORT, advance(Short.BYTES, what)));
            case 3 -> (long) file.get(SHORT, advance(Short.BYTES, what));
            case 4 -> Integer.toUnsignedLong(readInt(what));
            case 5 -> (long) readInt(what);
            case 6 -> (double) Float.intBitsToFloat(readInt(what));
            case 7 -> readByte(what) != 0;
            case 8 -> readString(what);
            case 9 -> readArray(what, depth);
            case 10, 11 -> readLong(what);
            case 12 -> Double.longBitsToDouble(readLong(what));
            default -> throw new ModelFormatException(what + " has the unknown value type " + type);
        };
    }

    private List<Object> readArray(String what, int depth) {
        if (depth >= MAX_NESTING) {
            throw new ModelFormatException(what + " nests arrays deeper than " + MAX_NESTING);
        }
        int elementType = readInt("element type of " + what);
        int count = readCount("length of " + what, leastBytes(elementType, what));
        List<Object> values = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            values.add(readValue(what, elementType, depth + 1));
        }
        return values;
    }

    private static long leastBytes(int type, String what) {
        return switch (type) {
            case 0, 1, 7 -> 1;
            case 2, 3 -> 2;
            case 4, 5, 6 -> 4;
            case 8, 10, 11, 12 -> 8;
            case 9 -> 12;
            default -> throw new ModelFormatException(what + " has the unknown element type " + type);
        };
    }

    private byte readByte(String what) {
        return file.get(ValueLayout.JAVA_BYTE, advance(1, what));
    }

    private long advance(long bytes, String what) {
        long at = position;
        if (bytes > file.byteSize() - at) {
            throw new ModelFormatException(
                    "the file ends at byte " + file.byteSize() + ", in the middle of " + what + ": it is truncated");
        }
        position += bytes;
        return at;
    }
}
