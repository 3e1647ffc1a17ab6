package dev.contexture.bench;

import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A prompt's length and its output's, and what the time of steps at some lengths tells of all of them: between two lengths it is
 * taken to grow evenly.
 */
record OutputShape(int in, int out) {
    /** Nearer ones would tell nothing more. */
    private static final int LEAST_SPACING = 1024;

    /** Of "2k,16k", as the paper writes shapes, or of numbers of tokens. */
    static OutputShape parse(String text) {
        String[] parts = text.split("[,:]", -1);
        if (parts.length != 2) {
            throw new IllegalArgumentException("a shape is written in:out, say 2k:16k, but is " + text);
        }
        return new OutputShape(tokens(parts[0].strip()), tokens(parts[1].strip()));
    }

    private static int tokens(String text) {
        return text.endsWith("k")
                ? 1024 * Integer.parseInt(text.substring(0, text.length() - 1))
                : Integer.parseInt(text);
    }

    OutputShape {
        if (in <= 0 || out <= 0) {
            throw new IllegalArgumentException("in and out must be positive but are " + in + " and " + out);
        }
    }

    int total() {
        return in + out;
    }

    /** Lengths to measure at: both ends and what lies evenly between, fewer than wanted where the output is short. */
    SortedSet<Integer> lengths(int points) {
        int gaps = Math.clamp(out / LEAST_SPACING, 1, Math.max(1, points - 1));
        SortedSet<Integer> lengths = new TreeSet<>();
        for (int i = 0; i <= gaps; i++) {
            lengths.add(in + (int) ((long) out * i / gaps));
        }
        return lengths;
    }

    /**
     * All steps of the output.
     *
     * @param stepMillis by length; those beyond the shape's ends do not count
     */
    double decodeSeconds(SortedMap<Integer, Double> stepMillis) {
        SortedMap<Integer, Double> inside = new TreeMap<>(stepMillis).subMap(in, total() + 1);
        if (inside.isEmpty() || inside.firstKey() != in || inside.lastKey() != total()) {
            throw new IllegalArgumentException("steps at " + in + " and " + total() + " were not measured");
        }
        double milliseconds = 0;
        int from = in;
        double before = 0;
        for (var point : inside.entrySet()) {
            milliseconds += (point.getKey() - from) * (before + point.getValue()) / 2;
            from = point.getKey();
            before = point.getValue();
        }
        return milliseconds / 1e3;
    }

    @Override
    public String toString() {
        return "[" + in + ", " + out + "]";
    }
}
