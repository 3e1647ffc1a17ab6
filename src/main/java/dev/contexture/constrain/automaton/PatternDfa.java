package dev.contexture.constrain.automaton;

import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * Accepts JSON strings, quotes included, by an automaton over classes of characters. A state is one of that and a place within a
 * character's spelling; the table of all of them is never made.
 */
final class PatternDfa extends Dfa {
    private static final int START = 0;
    private static final int DONE = 1;
    private static final int FIRST = 2;

    private final Spelling spelling;
    private final Table table;
    private final int nodes;
    /** By state of the table: classes of characters that it goes on with. */
    private final BitSet[] possible;

    private volatile @Nullable ByteClasses classes;

    /**
     * @param table over the spelling's classes
     */
    PatternDfa(Spelling spelling, Table table) {
        this.spelling = spelling;
        this.table = table;
        this.nodes = spelling.nodes();
        this.possible = new BitSet[table.states()];
        for (int state = 0; state < possible.length; state++) {
            possible[state] = new BitSet(table.width());
            for (int c = 0; c < table.width(); c++) {
                possible[state].set(c, table.next(state, c) != DEAD);
            }
        }
        if ((long) possible.length * nodes > Integer.MAX_VALUE - FIRST) {
            throw new TooLargeException("its characters and states are too many");
        }
    }

    @Override
    public int next(int state, int b) {
        if (state < FIRST) {
            return state == START && b == '"' ? FIRST : DEAD;
        }
        int at = (state - FIRST) / nodes;
        int node = (state - FIRST) % nodes;
        if (b == '"' && node == 0) {
            return table.accepts(at) ? DONE : DEAD;
        }
        int target = spelling.next(node, b);
        if (Spelling.isLeaf(target)) {
            int next = table.next(at, Spelling.classAt(target));
            return next == DEAD ? DEAD : FIRST + next * nodes;
        }
        return target > 0 && spelling.below(target).intersects(possible[at]) ? FIRST + at * nodes + target : DEAD;
    }

    @Override
    public boolean accepts(int state) {
        return state == DONE;
    }

    @Override
    public boolean canGoOn(int state) {
        return state != DONE;
    }

    private record Key(Table table, Spelling spelling, int stateClass, int node) {}

    @Override
    public Object key(int state, int bytes) {
        return state < FIRST
                ? new Key(table, spelling, -1, state)
                : new Key(table, spelling, table.classOf((state - FIRST) / nodes, bytes), (state - FIRST) % nodes);
    }

    @Override
    public long bytes() {
        return table.bytes() + spelling.bytes() + possible.length * (48L + table.width() / Byte.SIZE);
    }

    @Override
    ByteClasses classes() {
        ByteClasses made = classes;
        if (made == null) {
            made = spelling.byteClasses();
            classes = made;
        }
        return made;
    }
}
