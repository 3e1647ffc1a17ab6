package dev.contexture.constrain.automaton;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** An automaton as a table. Equal ones are equal, so that masks are shared between schemas. */
public final class TableDfa extends Dfa {
    private final ByteClasses classes;
    private final Table table;

    private TableDfa(ByteClasses classes, Table table) {
        this.classes = classes;
        this.table = table;
    }

    /**
     * The automaton of the states that can be reached.
     *
     * @param classes whose bytes no step tells apart
     * @return empty if no text is accepted
     * @throws TooLargeException if there are too many
     */
    static <S> Optional<TableDfa> explore(
            S start, ByteClasses classes, Table.Step<S> step, Predicate<S> accepts, Work work) {
        return Table.explore(start, classes.count(), (state, c) -> step.next(state, classes.member(c)), accepts, work)
                .map(table -> new TableDfa(classes, table));
    }

    /**
     * Accepts what both do.
     *
     * @return empty if there is no such text
     */
    public static Optional<TableDfa> intersection(Dfa a, Dfa b, Work work) {
        return explore(
                new Pair(a.start(), b.start()),
                a.classes().and(b.classes()),
                (pair, c) -> {
                    int first = a.next(pair.first, c);
                    int second = first == DEAD ? DEAD : b.next(pair.second, c);
                    return second == DEAD ? null : new Pair(first, second);
                },
                pair -> a.accepts(pair.first) && b.accepts(pair.second),
                work);
    }

    /**
     * Accepts what {@code a} does and {@code b} does not.
     *
     * @return empty if there is no such text
     */
    public static Optional<TableDfa> difference(Dfa a, Dfa b, Work work) {
        return explore(
                new Pair(a.start(), b.start()),
                a.classes().and(b.classes()),
                (pair, c) -> {
                    int first = a.next(pair.first, c);
                    return first == DEAD ? null : new Pair(first, pair.second == DEAD ? DEAD : b.next(pair.second, c));
                },
                pair -> a.accepts(pair.first) && (pair.second == DEAD || !b.accepts(pair.second)),
                work);
    }

    private record Pair(int first, int second) {}

    /**
     * Accepts each of the texts.
     *
     * @param texts at least one
     */
    public static TableDfa ofTexts(List<byte[]> texts, Work work) {
        List<Map<Integer, Integer>> nodes = new ArrayList<>();
        nodes.add(new HashMap<>());
        BitSet ends = new BitSet();
        int[] labels = new int[ByteClasses.BYTES];
        for (byte[] text : texts) {
            work.charge(text.length);
            int node = 0;
            for (byte signed : text) {
                int b = signed & 0xFF;
                labels[b] = b + 1;
                Integer child = nodes.get(node).get(b);
                if (child == null) {
                    child = nodes.size();
                    nodes.get(node).put(b, child);
                    nodes.add(new HashMap<>());
                }
                node = child;
            }
            ends.set(node);
        }
        return explore(
                        0,
                        ByteClasses.of(List.of(labels)),
                        (node, b) -> nodes.get(node).get(b),
                        ends::get,
                        work)
                .orElseThrow(() -> new IllegalArgumentException("there must be at least one text"));
    }

    public int states() {
        return table.states();
    }

    @Override
    public int next(int state, int b) {
        return table.next(state, classes.of(b));
    }

    @Override
    public boolean accepts(int state) {
        return table.accepts(state);
    }

    @Override
    public boolean canGoOn(int state) {
        return table.canGoOn(state);
    }

    @Override
    public long bytes() {
        return ByteClasses.BYTES * Integer.BYTES + table.bytes();
    }

    @Override
    ByteClasses classes() {
        return classes;
    }

    private record Key(TableDfa dfa, int stateClass) {}

    @Override
    public Object key(int state, int bytes) {
        return new Key(this, table.classOf(state, bytes));
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other || other instanceof TableDfa dfa && table.equals(dfa.table) && classes.equals(dfa.classes);
    }

    @Override
    public int hashCode() {
        return Objects.hash(table, classes);
    }
}
