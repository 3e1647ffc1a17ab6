package dev.contexture.constrain.automaton;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A partition of the bytes into classes. */
final class ByteClasses {
    static final int BYTES = 256;

    private final int[] classOf;
    private final int[] members;
    private final int hash;

    private ByteClasses(int[] classOf, int[] members) {
        this.classOf = classOf;
        this.members = members;
        this.hash = Arrays.hashCode(classOf);
    }

    /** The coarsest that tells apart what one of {@code labels}, each of 256 numbers, does. */
    static ByteClasses of(List<int[]> labels) {
        Map<List<Integer>, Integer> known = new HashMap<>();
        int[] classOf = new int[BYTES];
        int[] members = new int[BYTES];
        for (int b = 0; b < BYTES; b++) {
            int at = b;
            List<Integer> label = labels.stream().map(l -> l[at]).toList();
            Integer next = known.size();
            Integer same = known.putIfAbsent(label, next);
            classOf[b] = same == null ? next : same;
            if (same == null) {
                members[next] = b;
            }
        }
        return new ByteClasses(classOf, Arrays.copyOf(members, known.size()));
    }

    /** Each of the bytes of {@code singles} by itself, and all others together. */
    static ByteClasses ofSingles(String singles) {
        int[] labels = new int[BYTES];
        for (int i = 0; i < singles.length(); i++) {
            labels[singles.charAt(i)] = i + 1;
        }
        return of(List.of(labels));
    }

    /** The same of bytes, any of which may be there several times. */
    static ByteClasses ofSingles(byte[] singles) {
        int[] labels = new int[BYTES];
        for (byte single : singles) {
            labels[single & 0xFF] = 1 + (single & 0xFF);
        }
        return of(List.of(labels));
    }

    ByteClasses and(ByteClasses other) {
        return of(List.of(classOf, other.classOf));
    }

    int count() {
        return members.length;
    }

    int of(int b) {
        return classOf[b];
    }

    /** A byte of the class. */
    int member(int byteClass) {
        return members[byteClass];
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other || other instanceof ByteClasses classes && Arrays.equals(classOf, classes.classOf);
    }

    @Override
    public int hashCode() {
        return hash;
    }
}
