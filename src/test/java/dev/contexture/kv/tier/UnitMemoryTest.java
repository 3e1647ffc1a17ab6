package dev.contexture.kv.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UnitMemoryTest {
    private static final int UNIT = 64;

    private static MemorySegment memory(long bytes) {
        return Arena.ofAuto().allocate(bytes, 8);
    }

    private static byte[] read(UnitMemory memory, int first, int bytes) {
        byte[] read = new byte[bytes];
        memory.read(first, MemorySegment.ofArray(read));
        return read;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void valuesKeepTheirBytesWhateverComesAndGoes(long seed) {
        Random random = new Random(seed);
        UnitMemory memory = new UnitMemory(memory(100 * UNIT + 63), UNIT);
        Map<Integer, byte[]> model = new LinkedHashMap<>();
        for (int i = 0; i < 5_000; i++) {
            byte[] value = new byte[1 + random.nextInt(10 * UNIT)];
            random.nextBytes(value);
            if (memory.occupiedBytes(value.length) <= memory.freeBytes()) {
                assertThat(model.put(memory.write(MemorySegment.ofArray(value)), value))
                        .isNull();
            } else {
                int first = model.keySet().stream()
                        .skip(random.nextInt(model.size()))
                        .findFirst()
                        .orElseThrow();
                byte[] expected = Objects.requireNonNull(model.remove(first));
                assertThat(read(memory, first, expected.length)).isEqualTo(expected);
                memory.free(first);
            }
            long occupied = model.values().stream()
                    .mapToLong(v -> memory.occupiedBytes(v.length))
                    .sum();
            assertThat(memory.usedBytes()).isEqualTo(occupied);
            assertThat(memory.usedBytes() + memory.freeBytes()).isEqualTo(memory.limitBytes());
        }
        model.forEach(
                (first, value) -> assertThat(read(memory, first, value.length)).isEqualTo(value));
    }

    @Test
    void allMemoryCanBeOneValueOrManyInPieces() {
        UnitMemory memory = new UnitMemory(memory(8 * UNIT), UNIT);
        int[] first = new int[8];
        for (int i = 0; i < 8; i++) {
            first[i] = memory.write(MemorySegment.ofArray(new byte[1]));
        }
        for (int i = 0; i < 8; i += 2) {
            memory.free(first[i]);
        }
        byte[] inPieces = new byte[4 * UNIT];
        new Random(1).nextBytes(inPieces);
        assertThat(read(memory, memory.write(MemorySegment.ofArray(inPieces)), inPieces.length))
                .isEqualTo(inPieces);
        assertThat(memory.freeBytes()).isZero();
        assertThatIllegalStateException()
                .isThrownBy(() -> memory.write(MemorySegment.ofArray(new byte[1])))
                .withMessage("a value of 1 bytes does not go into 0 free bytes");
    }

    @Test
    void usedUnitsAreTakenBeforeUntouchedOnes() {
        MemorySegment segment = memory(8 * UNIT);
        UnitMemory memory = new UnitMemory(segment, UNIT);
        byte[] ones = new byte[UNIT];
        Arrays.fill(ones, (byte) 1);
        for (int i = 0; i < 20; i++) {
            memory.free(memory.write(MemorySegment.ofArray(ones)));
        }
        assertThat(segment.asSlice(UNIT).mismatch(MemorySegment.ofArray(new byte[7 * UNIT])))
                .isEqualTo(-1);
    }

    @Test
    void thereMustBeRoomForAUnit() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new UnitMemory(memory(63), UNIT))
                .withMessage("memory of 63 bytes has no room for a unit of 64");
    }
}
