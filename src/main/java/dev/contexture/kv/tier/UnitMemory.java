package dev.contexture.kv.tier;

import java.lang.foreign.MemorySegment;

/**
 * Memory handed out in units of one size. A value's units are chained and lie anywhere, so nothing fragments; units that were
 * used before are taken first, so memory that was never needed is never touched.
 */
final class UnitMemory {
    private static final int NONE = -1;

    private final MemorySegment memory;
    private final int unitBytes;
    /** The unit behind each one, in a value or in the list of free units. */
    private final int[] next;

    private int firstFree = NONE;
    private int untouched;
    private int freeUnits;

    /**
     * @throws IllegalArgumentException if there is no room for a unit
     */
    UnitMemory(MemorySegment memory, int unitBytes) {
        long units = Math.min(Integer.MAX_VALUE - 8, memory.byteSize() / unitBytes);
        if (units < 1) {
            throw new IllegalArgumentException(
                    "memory of " + memory.byteSize() + " bytes has no room for a unit of " + unitBytes);
        }
        this.memory = memory;
        this.unitBytes = unitBytes;
        this.next = new int[(int) units];
        this.freeUnits = (int) units;
    }

    long limitBytes() {
        return (long) next.length * unitBytes;
    }

    long usedBytes() {
        return (long) (next.length - freeUnits) * unitBytes;
    }

    long freeBytes() {
        return (long) freeUnits * unitBytes;
    }

    /** What a value of so many bytes takes up. */
    long occupiedBytes(long valueBytes) {
        return Math.ceilDiv(valueBytes, unitBytes) * unitBytes;
    }

    /**
     * @return the first unit of the value
     * @throws IllegalStateException if there is no room: ask {@link #freeBytes} before
     */
    int write(MemorySegment value) {
        long bytes = value.byteSize();
        if (bytes < 1 || occupiedBytes(bytes) > freeBytes()) {
            throw new IllegalStateException(
                    "a value of " + bytes + " bytes does not go into " + freeBytes() + " free bytes");
        }
        int first = NONE;
        // From the end to the beginning, so that each unit's successor is known.
        for (long at = (bytes - 1) / unitBytes * unitBytes; at >= 0; at -= unitBytes) {
            int unit = take();
            MemorySegment.copy(value, at, memory, offset(unit), Math.min(unitBytes, bytes - at));
            next[unit] = first;
            first = unit;
        }
        return first;
    }

    void read(int first, MemorySegment target) {
        int unit = first;
        for (long at = 0; at < target.byteSize(); at += unitBytes) {
            MemorySegment.copy(memory, offset(unit), target, at, Math.min(unitBytes, target.byteSize() - at));
            unit = next[unit];
        }
    }

    void free(int first) {
        int unit = first;
        while (unit != NONE) {
            int behind = next[unit];
            next[unit] = firstFree;
            firstFree = unit;
            freeUnits++;
            unit = behind;
        }
    }

    private int take() {
        freeUnits--;
        if (firstFree == NONE) {
            return untouched++;
        }
        int unit = firstFree;
        firstFree = next[unit];
        return unit;
    }

    private long offset(int unit) {
        return (long) unit * unitBytes;
    }
}
