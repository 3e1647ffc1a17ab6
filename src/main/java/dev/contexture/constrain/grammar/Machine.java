package dev.contexture.constrain.grammar;

import dev.contexture.constrain.automaton.Dfa;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads texts byte by byte by a grammar: a pushdown automaton, made deterministic as it is used. A state is the set of all ways
 * to read the text, each an automaton's state and a list of what must follow; lists and states are kept and found again.
 *
 * <p>No way is kept that cannot end: what it would have to open must fit the depth that is left. So every text that was read
 * can be completed. Ways beyond {@link #MOST_WAYS} are dropped, which leaves fewer texts and never a wrong one. Used by one thread
 * at a time.
 */
public final class Machine {
    /** Arrays and objects within each other. */
    public static final int MOST_DEPTH = 64;

    /** Ways to read a text at one time. */
    public static final int MOST_WAYS = 544;

    /** Of what must follow: longer lists come only from grammars that call themselves for ever. */
    private static final int MOST_EXPANSIONS = 100_000;

    /** Of lists and of ways in states: with more all are forgotten. */
    private static final int MOST_CELLS = 50_000;

    private static final long MOST_KEPT_WAYS = 200_000;
    private static final long BYTES_OF_WAY = 32;
    private static final long BYTES_OF_CELL = 120;
    private static final long BYTES_OF_STATE = 400;

    private static final State NOWHERE = new State(List.of(), false, -1);

    private final Item root;
    private final int mostStates;
    private final Map<CellKey, Cell> cells = new HashMap<>();
    private final Map<StateKey, State> states = new HashMap<>();
    private int generation;
    private long keptWays;
    private long stepsLeft = Long.MAX_VALUE;

    private record CellKey(Item item, @Nullable Cell next, int depth) {}

    private record StateKey(List<State.Way> ways, boolean complete) {}

    /**
     * @param root of a height of at most {@link #MOST_DEPTH}
     * @param mostStates that are kept; with one more all are forgotten
     */
    public Machine(Item root, int mostStates) {
        if (root.height() > MOST_DEPTH) {
            throw new IllegalArgumentException("no text of the grammar is at most " + MOST_DEPTH + " deep");
        }
        this.root = root;
        this.mostStates = mostStates;
    }

    /**
     * From now on so many elementary steps may be taken: a way that goes on by a byte, a part of a list that is looked at. Behind
     * them {@link IllegalStateException} is thrown.
     */
    public void allow(long steps) {
        stepsLeft = steps;
    }

    private void charge(long steps) {
        stepsLeft -= steps;
        if (stepsLeft < 0) {
            throw new IllegalStateException("there are too many ways to go on");
        }
    }

    /** Memory of what is kept, about. */
    public long bytes() {
        return keptWays * BYTES_OF_WAY + cells.size() * BYTES_OF_CELL + states.size() * BYTES_OF_STATE;
    }

    /** Before the first byte. */
    public State start() {
        return begin(cell(root, null, 0));
    }

    /** States that are kept now. */
    public int states() {
        return states.size();
    }

    /**
     * @param b in [0, 256)
     * @return the state behind the byte; null if no text goes on so
     */
    public @Nullable State next(State state, int b) {
        State from = current(state);
        State known = from.known(b);
        if (known == null) {
            known = step(from, b);
            from.learn(b, known);
        }
        return known == NOWHERE ? null : known;
    }

    /** Forgets all states and what is attached to them; those that somebody holds may be gone on from. */
    public void forget() {
        generation++;
        keptWays = 0;
        states.clear();
        cells.clear();
    }

    /** The same state as it is kept now, so that nothing is reached by what was forgotten. */
    public State current(State state) {
        return state.generation() == generation ? state : state(state.ways(), state.isComplete());
    }

    private State step(State state, int b) {
        charge(state.ways().size());
        Expansion expansion = new Expansion();
        for (State.Way way : state.ways()) {
            int at = way.dfa().next(way.at(), b);
            if (at != Dfa.DEAD) {
                expansion.within(way.dfa(), at, way.after());
            }
        }
        return expansion.found.isEmpty() && !expansion.complete ? NOWHERE : state(expansion);
    }

    /** The state where the way's lexeme has ended. */
    public State after(State.Way way) {
        Cell after = way.after();
        return after == null ? state(List.of(), true) : begin(after);
    }

    private State begin(Cell cell) {
        State begun = cell.begun();
        if (begun == null || begun.generation() != generation) {
            Expansion expansion = new Expansion();
            expansion.expand(cell);
            begun = cell.begins(state(expansion));
        }
        return begun;
    }

    private State state(Expansion expansion) {
        return state(List.copyOf(expansion.found), expansion.complete);
    }

    private State state(List<State.Way> ways, boolean complete) {
        if (states.size() >= mostStates || cells.size() >= MOST_CELLS || keptWays >= MOST_KEPT_WAYS) {
            forget();
        }
        return states.computeIfAbsent(new StateKey(ways, complete), key -> {
            keptWays += ways.size();
            return new State(ways, complete, generation);
        });
    }

    private Cell cell(Item item, @Nullable Cell next, int depth) {
        return cells.computeIfAbsent(new CellKey(item, next, depth), key -> new Cell(item, next, depth));
    }

    private static boolean fits(Item item, int depth) {
        int height = item.height();
        return height != Item.ENDLESS && depth + height <= MOST_DEPTH;
    }

    /** All ways to begin what may follow. */
    private final class Expansion {
        private final LinkedHashSet<State.Way> found = new LinkedHashSet<>();
        private final Set<Cell> seen = new HashSet<>();
        private boolean complete;

        /** Within a lexeme, or, where it may end, behind it too. */
        void within(Dfa dfa, int at, @Nullable Cell after) {
            if (dfa.canGoOn(at) && found.size() < MOST_WAYS) {
                found.add(new State.Way(dfa, at, after));
            }
            if (dfa.accepts(at)) {
                expand(after);
            }
        }

        void expand(@Nullable Cell first) {
            List<@Nullable Cell> open = new ArrayList<>();
            open.add(first);
            while (!open.isEmpty() && seen.size() < MOST_EXPANSIONS) {
                Cell cell = open.removeLast();
                if (cell == null) {
                    complete = true;
                } else if (seen.add(cell)) {
                    expand(cell, open);
                }
            }
        }

        private void expand(Cell cell, List<@Nullable Cell> open) {
            charge(1);
            Cell next = cell.next;
            int depth = cell.depth;
            switch (cell.item) {
                case Item.Lexeme lexeme -> {
                    Dfa dfa = lexeme.dfa();
                    if (dfa.canGoOn(dfa.start()) && found.size() < MOST_WAYS) {
                        found.add(new State.Way(dfa, dfa.start(), next));
                    }
                    if (dfa.accepts(dfa.start())) {
                        open.add(next);
                    }
                }
                case Item.Sequence sequence -> open.add(chain(sequence.parts(), next, depth));
                case Item.Choice choice -> {
                    charge(choice.weight());
                    for (Item option : choice.options().reversed()) {
                        if (fits(option, depth)) {
                            open.add(cell(option, next, depth));
                        }
                    }
                }
                case Rule rule -> open.add(cell(rule.body(), next, depth));
                case JsonObject object ->
                    open.add(chain(
                            List.of(Layout.OPEN_OBJECT),
                            cell(new JsonObject.Rest(object, 0, 0), next, depth + 1),
                            depth));
                case JsonArray array ->
                    open.add(chain(
                            List.of(Layout.OPEN_ARRAY), cell(new JsonArray.Rest(array, 0), next, depth + 1), depth));
                case JsonObject.Rest rest -> expand(rest, cell, open);
                case JsonArray.Rest rest -> expand(rest, cell, open);
            }
        }

        private @Nullable Cell chain(List<Item> items, @Nullable Cell next, int depth) {
            Cell chained = next;
            for (Item item : items.reversed()) {
                chained = cell(item, chained, depth);
            }
            return chained;
        }

        private void expand(JsonArray.Rest rest, Cell cell, List<@Nullable Cell> open) {
            if (rest.mayEnd()) {
                open.add(cell(rest.isFirst() ? Layout.CLOSE_EMPTY_ARRAY : Layout.CLOSE_ARRAY, cell.next, cell.depth));
            }
            if (rest.mayGoOn() && fits(rest.item(), cell.depth)) {
                Cell more = cell(rest.next(), cell.next, cell.depth);
                List<Item> items = rest.isFirst() ? List.of(rest.item()) : List.of(Layout.COMMA, rest.item());
                open.add(chain(items, more, cell.depth));
            }
        }

        private void expand(JsonObject.Rest rest, Cell cell, List<@Nullable Cell> open) {
            if (rest.mayEnd()) {
                open.add(cell(rest.isFirst() ? Layout.CLOSE_EMPTY_OBJECT : Layout.CLOSE_OBJECT, cell.next, cell.depth));
            }
            List<JsonObject.Property> properties = rest.object().properties();
            charge(properties.size() - rest.index() + rest.object().others().size());
            List<JsonObject.Property> others = rest.object().others().stream()
                    .filter(other -> fits(other.value(), cell.depth))
                    .toList();
            int fitting = others.isEmpty() ? 0 : 1;
            for (int i = rest.index(); i < properties.size(); i++) {
                fitting += fits(properties.get(i).value(), cell.depth) ? 1 : 0;
            }
            for (int i = rest.index(); i < properties.size(); i++) {
                JsonObject.Property property = properties.get(i);
                boolean fits = fits(property.value(), cell.depth);
                fitting -= fits ? 1 : 0;
                if (fits && rest.mayTake(i, fitting)) {
                    open.add(chain(pair(property, rest), cell(rest.behind(i), cell.next, cell.depth), cell.depth));
                }
                if (property.required()) {
                    return;
                }
            }
            if (rest.mayTakeOther()) {
                for (JsonObject.Property other : others) {
                    open.add(chain(pair(other, rest), cell(rest.behindOther(), cell.next, cell.depth), cell.depth));
                }
            }
        }

        private List<Item> pair(JsonObject.Property property, JsonObject.Rest rest) {
            List<Item> items = new ArrayList<>();
            if (!rest.isFirst()) {
                items.add(Layout.COMMA);
            }
            items.addAll(List.of(property.key(), Layout.COLON, property.value()));
            return items;
        }
    }
}
