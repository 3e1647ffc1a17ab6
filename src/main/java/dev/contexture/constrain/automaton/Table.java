package dev.contexture.constrain.automaton;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * States and where symbols lead from them; state 0 is the first, and from every state an accepting one can be reached. Minimal
 * unless it is large. Equal tables are equal. Immutable.
 */
final class Table {
    /** Most states. */
    static final int MOST_STATES = 20_000;

    /** Most states times symbols. */
    static final int MOST_CELLS = 2_000_000;

    /** Larger ones are not made minimal, which takes a round per state in the worst case. */
    private static final int MOST_MINIMISED = 500;

    /** Cells that telling states apart looks at; where it takes more, each state is a class. */
    static final long MOST_REFINED = 2_000_000;

    /** Cells that are looked at in the time that a cell takes to be made. */
    private static final int LOOKS_PER_STEP = 8;

    private final int width;
    /** [states][width] */
    private final int[] next;

    private final BitSet accepting;
    private final int hash;
    private volatile @Nullable Refinement refinement;

    private record Refinement(int rounds, int @Nullable [] classOf) {}

    private Table(int width, int[] next, BitSet accepting) {
        this.width = width;
        this.next = next;
        this.accepting = accepting;
        this.hash = 31 * (31 * Arrays.hashCode(next) + width) + accepting.hashCode();
    }

    /** The state behind a symbol; null: none. */
    interface Step<S> {
        @Nullable
        S next(S state, int symbol);
    }

    /**
     * The states that can be reached and from which an accepting one can be.
     *
     * @param width symbols are below this
     * @return empty if no text is accepted
     * @throws TooLargeException if more than {@link #MOST_STATES} can be reached, or they have more than {@link #MOST_CELLS}
     */
    static <S> Optional<Table> explore(S start, int width, Step<S> step, Predicate<S> accepts, Work work) {
        Map<S, Integer> ids = new HashMap<>();
        List<S> states = new ArrayList<>();
        List<int[]> rows = new ArrayList<>();
        ids.put(start, 0);
        states.add(start);
        for (int id = 0; id < states.size(); id++) {
            if ((id + 1L) * width > MOST_CELLS) {
                throw new TooLargeException("its states and classes of characters are too many");
            }
            work.charge(width + 1L);
            int[] row = new int[width];
            for (int symbol = 0; symbol < width; symbol++) {
                S target = step.next(states.get(id), symbol);
                row[symbol] = target == null ? Dfa.DEAD : idOf(target, ids, states);
            }
            rows.add(row);
        }
        BitSet accepting = new BitSet();
        for (int id = 0; id < states.size(); id++) {
            accepting.set(id, accepts.test(states.get(id)));
        }
        return trimmed(rows, width, accepting, work);
    }

    private static <S> int idOf(S state, Map<S, Integer> ids, List<S> states) {
        Integer fresh = states.size();
        Integer known = ids.putIfAbsent(state, fresh);
        if (known != null) {
            return known;
        }
        if (fresh >= MOST_STATES) {
            throw new TooLargeException("it needs more than " + MOST_STATES + " states");
        }
        states.add(state);
        return fresh;
    }

    private static Optional<Table> trimmed(List<int[]> rows, int width, BitSet accepting, Work work) {
        BitSet live = live(rows, accepting);
        if (!live.get(0)) {
            return Optional.empty();
        }
        int[] renumbered = new int[rows.size()];
        int count = 0;
        for (int id = 0; id < renumbered.length; id++) {
            renumbered[id] = live.get(id) ? count++ : Dfa.DEAD;
        }
        int[] next = new int[count * width];
        BitSet ends = new BitSet();
        for (int id = live.nextSetBit(0); id >= 0; id = live.nextSetBit(id + 1)) {
            int[] row = rows.get(id);
            for (int symbol = 0; symbol < width; symbol++) {
                next[renumbered[id] * width + symbol] = row[symbol] == Dfa.DEAD ? Dfa.DEAD : renumbered[row[symbol]];
            }
            ends.set(renumbered[id], accepting.get(id));
        }
        Table table = new Table(width, next, ends);
        return Optional.of(count > MOST_MINIMISED ? table : table.minimal(work));
    }

    /** States from which an accepting one can be reached. */
    private static BitSet live(List<int[]> rows, BitSet accepting) {
        List<List<Integer>> sources = new ArrayList<>();
        rows.forEach(row -> sources.add(new ArrayList<>()));
        for (int id = 0; id < rows.size(); id++) {
            for (int target : rows.get(id)) {
                if (target != Dfa.DEAD) {
                    sources.get(target).add(id);
                }
            }
        }
        BitSet live = (BitSet) accepting.clone();
        Deque<Integer> open = new ArrayDeque<>(accepting.stream().boxed().toList());
        while (!open.isEmpty()) {
            for (int source : sources.get(open.removeLast())) {
                if (!live.get(source)) {
                    live.set(source);
                    open.add(source);
                }
            }
        }
        return live;
    }

    int states() {
        return next.length / width;
    }

    long bytes() {
        return 64L + (long) next.length * Integer.BYTES;
    }

    int width() {
        return width;
    }

    int next(int state, int symbol) {
        return next[state * width + symbol];
    }

    boolean accepts(int state) {
        return accepting.get(state);
    }

    boolean canGoOn(int state) {
        for (int symbol = 0; symbol < width; symbol++) {
            if (next(state, symbol) != Dfa.DEAD) {
                return true;
            }
        }
        return false;
    }

    private Table minimal(Work work) {
        Optional<int[]> refined = refined(MOST_MINIMISED, work);
        if (refined.isEmpty()) {
            return this;
        }
        int[] classOf = refined.get();
        int count = 1 + Arrays.stream(classOf).max().orElse(0);
        if (count == states()) {
            return this;
        }
        int[] table = new int[count * width];
        BitSet ends = new BitSet();
        for (int state = 0; state < classOf.length; state++) {
            for (int symbol = 0; symbol < width; symbol++) {
                int target = next(state, symbol);
                table[classOf[state] * width + symbol] = target == Dfa.DEAD ? Dfa.DEAD : classOf[target];
            }
            ends.set(classOf[state], accepting.get(state));
        }
        return new Table(width, table, ends);
    }

    /**
     * The state's class: two states are of one only if no text of at most {@code length} symbols tells them apart. Where finding
     * out would take too long, each state is one by itself.
     */
    int classOf(int state, int length) {
        Refinement known = refinement;
        if (known == null || known.rounds != length) {
            known = new Refinement(
                    length, refined(length, new Work(MOST_REFINED)).orElse(null));
            refinement = known;
        }
        return known.classOf == null ? state : known.classOf[state];
    }

    /** Classes after so many rounds of Moore's refinement (1956), in order of their first members; empty if that takes too long. */
    private Optional<int[]> refined(int rounds, Work work) {
        int states = states();
        int[] classOf = new int[states];
        int count = 1;
        for (int s = 0; s < states; s++) {
            classOf[s] = accepting.get(s) == accepting.get(0) ? 0 : 1;
            count = Math.max(count, classOf[s] + 1);
        }
        long looks = 0;
        for (int round = 0; round < rounds; round++) {
            looks += next.length;
            if (looks > MOST_REFINED) {
                return Optional.empty();
            }
            work.charge(next.length / LOOKS_PER_STEP);
            Map<Row, Integer> known = new HashMap<>();
            int[] finer = new int[states];
            for (int s = 0; s < states; s++) {
                int[] row = new int[width + 1];
                row[width] = classOf[s];
                for (int symbol = 0; symbol < width; symbol++) {
                    int target = next(s, symbol);
                    row[symbol] = target == Dfa.DEAD ? Dfa.DEAD : classOf[target];
                }
                Integer fresh = known.size();
                Integer same = known.putIfAbsent(new Row(row), fresh);
                finer[s] = same == null ? fresh : same;
            }
            classOf = finer;
            if (known.size() == count) {
                break;
            }
            count = known.size();
        }
        return Optional.of(classOf);
    }

    private static final class Row {
        private final int[] values;
        private final int hash;

        private Row(int[] values) {
            this.values = values;
            this.hash = Arrays.hashCode(values);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Row row && Arrays.equals(values, row.values);
        }

        @Override
        public int hashCode() {
            return hash;
        }
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other
                || other instanceof Table table
                        && hash == table.hash
                        && width == table.width
                        && accepting.equals(table.accepting)
                        && Arrays.equals(next, table.next);
    }

    @Override
    public int hashCode() {
        return hash;
    }
}
