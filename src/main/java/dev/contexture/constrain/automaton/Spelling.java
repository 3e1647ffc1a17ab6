package dev.contexture.constrain.automaton;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How the characters of some classes are spelled within a JSON string, each {@linkplain StringDfa.Spelling#CANONICAL in one way}:
 * a tree over bytes whose leaves are classes, equal subtrees shared. Node 0 is between characters. Immutable.
 */
final class Spelling {
    private static final int NONE = -1;
    private static final String NAMED = "\"\\\b\f\n\r\t";
    private static final String NAMES = "\"\\bfnrt";
    private static final String HEX = "0123456789abcdef";

    /** A node has 256 numbers. */
    private static final int MOST_NODES = 4_000;

    private final List<CodePoints> classes;
    private final int hash;
    /** First code point of each run of one class. */
    private final TreeMap<Integer, Integer> runs = new TreeMap<>();

    private final List<int[]> nodes = new ArrayList<>();
    private final Map<List<Integer>, Integer> known = new HashMap<>();
    private final Map<Integer, Integer> ofOneClass = new HashMap<>();
    private final List<BitSet> below = new ArrayList<>();

    /**
     * @param classes disjoint, all together all code points
     */
    Spelling(List<CodePoints> classes, Work work) {
        this.classes = List.copyOf(classes);
        this.hash = this.classes.hashCode();
        for (int c = 0; c < classes.size(); c++) {
            for (CodePoints.Range range : classes.get(c).ranges()) {
                runs.put(range.low(), c);
            }
        }
        // Behind each gap a class begins anew.
        runs.put((int) Character.MIN_SURROGATE, NONE);
        runs.put(0x40000, NONE);
        runs.put(Character.MAX_CODE_POINT + 1, NONE);
        nodes.add(new int[0]); // the first, known last
        int[] first = new int[ByteClasses.BYTES];
        Arrays.fill(first, NONE);
        for (int c = 0x20; c < 0x80; c++) {
            first[c] = NAMED.indexOf(c) >= 0 ? NONE : leaf(classOf(c));
        }
        first['\\'] = node(escapes());
        for (int b = 0xC2; b <= 0xF4; b++) {
            first[b] = b < 0xE0
                    ? block((b & 0x1F) << 6, 1, 0x80, work)
                    : b < 0xF0 ? block((b & 0xF) << 12, 2, 0x800, work) : block((b & 7) << 18, 3, 0x10000, work);
        }
        nodes.set(0, first);
        for (int node = 0; node < nodes.size(); node++) {
            below.add(new BitSet());
        }
        // A node's children were made before it, but for the first's.
        for (int node = 1; node < nodes.size(); node++) {
            collect(node);
        }
        collect(0);
        known.clear();
        ofOneClass.clear();
    }

    private void collect(int node) {
        for (int target : nodes.get(node)) {
            if (isLeaf(target)) {
                below.get(node).set(classAt(target));
            } else if (target > 0) {
                below.get(node).or(below.get(target));
            }
        }
    }

    private int classOf(int codePoint) {
        return runs.floorEntry(codePoint).getValue();
    }

    private static int leaf(int c) {
        return c == NONE ? NONE : -2 - c;
    }

    static boolean isLeaf(int target) {
        return target <= -2;
    }

    static int classAt(int leaf) {
        return -2 - leaf;
    }

    private int node(int[] targets) {
        if (Arrays.stream(targets).allMatch(target -> target == NONE)) {
            return NONE;
        }
        return known.computeIfAbsent(Arrays.stream(targets).boxed().toList(), key -> {
            if (nodes.size() >= MOST_NODES) {
                throw new TooLargeException("its classes of characters are too many");
            }
            nodes.add(targets);
            return nodes.size() - 1;
        });
    }

    /** The code points that so many more bytes tell apart, from the first one on; those below {@code least} are spelled otherwise. */
    private int block(int first, int bytes, int least, Work work) {
        if (bytes == 0) {
            return first < least ? NONE : leaf(classOf(first));
        }
        int size = 1 << 6 * bytes;
        Integer next = runs.higherKey(first);
        boolean one = first >= least && (next == null || next >= first + size);
        int c = classOf(first);
        if (one && c == NONE) {
            return NONE;
        }
        int key = 4 * c + bytes;
        Integer shared = one ? ofOneClass.get(key) : null;
        if (shared != null) {
            return shared;
        }
        work.charge(64);
        int[] targets = new int[ByteClasses.BYTES];
        Arrays.fill(targets, NONE);
        for (int i = 0; i < 64; i++) {
            targets[0x80 + i] = block(first + i * (size >> 6), bytes - 1, least, work);
        }
        int node = node(targets);
        if (one) {
            ofOneClass.put(key, node);
        }
        return node;
    }

    private int[] escapes() {
        int[] escapes = new int[ByteClasses.BYTES];
        Arrays.fill(escapes, NONE);
        for (int i = 0; i < NAMED.length(); i++) {
            escapes[NAMES.charAt(i)] = leaf(classOf(NAMED.charAt(i)));
        }
        int[] high = new int[ByteClasses.BYTES];
        Arrays.fill(high, NONE);
        for (int half = 0; half < 2; half++) {
            int[] low = new int[ByteClasses.BYTES];
            Arrays.fill(low, NONE);
            for (int digit = 0; digit < 16; digit++) {
                int c = 16 * half + digit;
                low[HEX.charAt(digit)] = NAMED.indexOf(c) >= 0 ? NONE : leaf(classOf(c));
            }
            high['0' + half] = node(low);
        }
        escapes['u'] = node(after('0', node(after('0', node(high)))));
        return escapes;
    }

    private static int[] after(int b, int target) {
        int[] targets = new int[ByteClasses.BYTES];
        Arrays.fill(targets, NONE);
        targets[b] = target;
        return targets;
    }

    long bytes() {
        long ranges = classes.stream().mapToLong(set -> set.ranges().size()).sum();
        return nodes.size() * (ByteClasses.BYTES * (long) Integer.BYTES + classes.size() / Byte.SIZE) + 100 * ranges;
    }

    int nodes() {
        return nodes.size();
    }

    /** Where a byte leads: a node above 0, a {@linkplain #isLeaf leaf}, or -1. */
    int next(int node, int b) {
        return nodes.get(node)[b];
    }

    /** The classes of the characters that may be spelled from here. */
    BitSet below(int node) {
        return below.get(node);
    }

    ByteClasses byteClasses() {
        List<int[]> labels = new ArrayList<>(nodes);
        int[] quote = new int[ByteClasses.BYTES];
        quote['"'] = 1;
        labels.add(quote);
        return ByteClasses.of(labels);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other
                || other instanceof Spelling spelling && hash == spelling.hash && classes.equals(spelling.classes);
    }

    @Override
    public int hashCode() {
        return hash;
    }
}
