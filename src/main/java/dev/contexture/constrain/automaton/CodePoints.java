package dev.contexture.constrain.automaton;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntPredicate;

/**
 * A set of Unicode's code points but surrogates and those of planes 4 to 11: these are not assigned, and vocabularies lack the
 * bytes that they begin with.
 *
 * @param ranges ascending, apart from each other
 */
record CodePoints(List<Range> ranges) {
    private static final int MOST = Character.MAX_CODE_POINT;

    /** All from {@code low} to {@code high}. */
    record Range(int low, int high) {}

    private static final List<Range> UNUSED =
            List.of(new Range(Character.MIN_SURROGATE, Character.MAX_SURROGATE), new Range(0x40000, 0xBFFFF));

    static final CodePoints NONE = new CodePoints(List.of());
    static final CodePoints ALL = of(0, MOST);

    static CodePoints of(int low, int high) {
        return normal(List.of(new Range(low, high)));
    }

    static CodePoints of(String characters) {
        return normal(characters.codePoints().mapToObj(c -> new Range(c, c)).toList());
    }

    static CodePoints where(IntPredicate holds) {
        List<Range> ranges = new ArrayList<>();
        int low = -1;
        for (int c = 0; c <= MOST + 1; c++) {
            boolean in = c <= MOST && holds.test(c);
            if (in && low < 0) {
                low = c;
            } else if (!in && low >= 0) {
                ranges.add(new Range(low, c - 1));
                low = -1;
            }
        }
        return normal(ranges);
    }

    private static CodePoints normal(List<Range> ranges) {
        List<Range> sorted = new ArrayList<>();
        for (Range range : ranges) {
            addUsed(range, sorted);
        }
        sorted.sort(Comparator.comparingInt(Range::low));
        List<Range> merged = new ArrayList<>();
        for (Range range : sorted) {
            if (!merged.isEmpty() && range.low <= merged.getLast().high + 1) {
                Range last = merged.removeLast();
                merged.add(new Range(last.low, Math.max(last.high, range.high)));
            } else {
                merged.add(range);
            }
        }
        return new CodePoints(List.copyOf(merged));
    }

    private static void addUsed(Range range, List<Range> to) {
        int next = range.low;
        for (Range gap : UNUSED) {
            if (next < gap.low && range.high >= next) {
                to.add(new Range(next, Math.min(range.high, gap.low - 1)));
            }
            next = Math.max(next, gap.high + 1);
        }
        if (range.high >= next) {
            to.add(new Range(next, range.high));
        }
    }

    /** Whether texts may have the character. */
    static boolean isUsed(int codePoint) {
        return UNUSED.stream().noneMatch(gap -> codePoint >= gap.low && codePoint <= gap.high);
    }

    static CodePoints union(List<CodePoints> sets) {
        return normal(sets.stream().flatMap(set -> set.ranges.stream()).toList());
    }

    CodePoints or(CodePoints other) {
        List<Range> both = new ArrayList<>(ranges);
        both.addAll(other.ranges);
        return normal(both);
    }

    CodePoints not() {
        List<Range> gaps = new ArrayList<>();
        int next = 0;
        for (Range range : ranges) {
            if (range.low > next) {
                gaps.add(new Range(next, range.low - 1));
            }
            next = range.high + 1;
        }
        if (next <= MOST) {
            gaps.add(new Range(next, MOST));
        }
        return normal(gaps);
    }

    /** Disjoint sets, all together {@link #ALL}, of which each of {@code sets} is a union. */
    static List<CodePoints> partition(Collection<CodePoints> sets, Work work) {
        List<CodePoints> all = List.copyOf(sets);
        TreeMap<Integer, List<Integer>> changes = new TreeMap<>();
        for (int i = 0; i < all.size(); i++) {
            work.charge(all.get(i).ranges.size());
            for (Range range : all.get(i).ranges) {
                changes.computeIfAbsent(range.low, c -> new ArrayList<>()).add(i);
                changes.computeIfAbsent(range.high + 1, c -> new ArrayList<>()).add(i);
            }
        }
        changes.computeIfAbsent(0, c -> new ArrayList<>());
        changes.put(MOST + 1, List.of());
        Map<BitSet, List<Range>> parts = new LinkedHashMap<>();
        BitSet within = new BitSet();
        for (Map.Entry<Integer, List<Integer>> change : changes.entrySet()) {
            work.charge(1 + all.size() / Long.SIZE);
            change.getValue().forEach(within::flip);
            if (change.getKey() <= MOST) {
                parts.computeIfAbsent((BitSet) within.clone(), key -> new ArrayList<>())
                        .add(new Range(change.getKey(), changes.higherKey(change.getKey()) - 1));
            }
        }
        return parts.values().stream()
                .map(CodePoints::normal)
                .filter(part -> !part.ranges.isEmpty())
                .toList();
    }

    boolean contains(int codePoint) {
        int low = 0;
        int high = ranges.size();
        while (low < high) {
            int middle = (low + high) / 2;
            Range range = ranges.get(middle);
            if (codePoint < range.low) {
                high = middle;
            } else if (codePoint > range.high) {
                low = middle + 1;
            } else {
                return true;
            }
        }
        return false;
    }
}
