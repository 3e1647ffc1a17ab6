package dev.contexture.bench;

import java.nio.ByteBuffer;

/**
 * Random numbers that are functions of seed and index, so that any part of a tensor can be made by itself (SplitMix64, Steele et
 * al. 2014). A sum of four even numbers of 16 bits stands for a normal one: nothing lies beyond 3.5 standard deviations.
 */
final class RandomNumbers {
    private static final long STEP = 0x9E3779B97F4A7C15L;
    private static final int LANES = 4;
    private static final int MOST_OF_LANE = 0xFFFF;
    private static final double LANES_DEVIATION = 65_536 * Math.sqrt(LANES / 12.0);

    private final long seed;

    /**
     * @param name numbers of one seed differ by it
     */
    RandomNumbers(long seed, String name) {
        this.seed = mix(seed ^ mix(name.hashCode()));
    }

    private static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    long bits(long index) {
        return mix(seed + STEP * (index + 1));
    }

    /** About normal, of mean 0. */
    float normal(long index, float deviation) {
        long bits = bits(index);
        long sum = (bits & MOST_OF_LANE) + (bits >>> 16 & MOST_OF_LANE) + (bits >>> 32 & MOST_OF_LANE) + (bits >>> 48);
        return (float) ((sum - LANES * MOST_OF_LANE / 2) * (deviation / LANES_DEVIATION));
    }

    /** Normal numbers in the upper half of float32. */
    void putBrainFloats(long first, int count, float deviation, ByteBuffer to) {
        for (int i = 0; i < count; i++) {
            putBrainFloat(normal(first + i, deviation), to);
        }
    }

    /** The upper half of a float32, rounded to the nearest, ties to even. */
    static void putBrainFloat(float value, ByteBuffer to) {
        int bits = Float.floatToRawIntBits(value);
        to.putShort((short) (bits + 0x7FFF + (bits >>> 16 & 1) >>> 16));
    }

    /** Whole numbers from -127 to 127, nearly even. */
    void putCodes(long first, int count, ByteBuffer to) {
        for (int i = 0; i < count; i++) {
            to.put((byte) ((int) (bits(first + i) >>> 33) % 255 - 127));
        }
    }
}
