package dev.contexture.constrain.automaton;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Thompson's construction (1968) of a pattern that is looked for anywhere in a text, over classes of characters. */
final class PatternNfa {
    private static final int MOST_STATES = 50_000;

    /** Of the sets of states, all together: what making them costs. */
    private static final int MOST_LOOKS = 4_000_000;

    private static final int LOOKS_PER_STEP = 2;

    private static final CodePoints LINE_BREAKS = CodePoints.of("\n\r\u0085\u2028\u2029");

    private final List<List<Edge>> edges = new ArrayList<>();
    private final List<List<Jump>> jumps = new ArrayList<>();
    private final Strings.Side side;
    private final Work work;
    private final int first;
    private final int found;

    private record Edge(CodePoints set, int target) {}

    /** An edge by the classes of characters that it takes. */
    private record Reach(BitSet classes, int target) {}

    private enum Where {
        ANYWHERE,
        BEGIN,
        END
    }

    private record Jump(Where where, int target) {}

    private PatternNfa(Regex regex, Strings.Side side, Work work) {
        this.side = side;
        this.work = work;
        first = state();
        found = emit(regex, first);
        edges.get(first).add(new Edge(CodePoints.ALL, first));
    }

    /**
     * The strings in which all patterns are found.
     *
     * @param least code points
     * @param most code points, or {@link StringDfa#UNBOUNDED}
     * @return empty if there is none
     * @throws TooLargeException if the automaton is
     */
    static Optional<PatternDfa> strings(List<Regex> patterns, Strings.Side side, int least, int most, Work work) {
        List<PatternNfa> all = patterns.stream()
                .map(regex -> new PatternNfa(regex, side, work))
                .toList();
        Set<CodePoints> sets = new HashSet<>();
        all.forEach(nfa -> nfa.edges.forEach(out -> out.forEach(edge -> sets.add(edge.set))));
        List<CodePoints> classes = CodePoints.partition(sets, work);
        Map<CodePoints, BitSet> classesOf = new HashMap<>();
        for (CodePoints set : sets) {
            work.charge(classes.size());
            BitSet of = new BitSet();
            for (int c = 0; c < classes.size(); c++) {
                of.set(c, set.contains(classes.get(c).ranges().getFirst().low()));
            }
            classesOf.put(set, of);
        }
        List<Determined> determined =
                all.stream().map(nfa -> nfa.new Determined(classesOf)).toList();
        At start = new At(determined.stream().map(Determined::start).toList(), 0);
        return Table.explore(
                        start,
                        classes.size(),
                        (at, c) -> at.count == most ? null : next(determined, at, c, least, most),
                        at -> at.count >= least && ends(determined, at),
                        work)
                .map(table -> new PatternDfa(new Spelling(classes, work), table));
    }

    /** Where each pattern's automaton is, and the characters so far, as far as they matter. */
    private record At(List<Integer> states, int count) {}

    private static @Nullable At next(List<Determined> all, At at, int c, int least, int most) {
        List<Integer> states = new ArrayList<>(all.size());
        for (int i = 0; i < all.size(); i++) {
            int next = all.get(i).next(at.states.get(i), c);
            if (next == Dfa.DEAD) {
                return null;
            }
            states.add(next);
        }
        return new At(states, most == StringDfa.UNBOUNDED ? Math.min(at.count + 1, least) : at.count + 1);
    }

    private static boolean ends(List<Determined> all, At at) {
        for (int i = 0; i < all.size(); i++) {
            if (!all.get(i).ends(at.states.get(i))) {
                return false;
            }
        }
        return true;
    }

    private int state() {
        if (edges.size() >= MOST_STATES) {
            throw new TooLargeException("it repeats too much");
        }
        edges.add(new ArrayList<>());
        jumps.add(new ArrayList<>());
        return edges.size() - 1;
    }

    private void jump(Where where, int from, int to) {
        jumps.get(from).add(new Jump(where, to));
    }

    /**
     * @return the state behind the expression
     */
    private int emit(Regex regex, int from) {
        work.charge(1);
        return switch (regex) {
            case Regex.Characters characters -> {
                int end = state();
                edges.get(from).add(new Edge(characters.set().of(side), end));
                yield end;
            }
            case Regex.Sequence sequence -> {
                int at = from;
                for (Regex part : sequence.parts()) {
                    at = emit(part, at);
                }
                yield at;
            }
            case Regex.Choice choice -> {
                int end = state();
                for (Regex option : choice.options()) {
                    int begin = state();
                    jump(Where.ANYWHERE, from, begin);
                    jump(Where.ANYWHERE, emit(option, begin), end);
                }
                yield end;
            }
            case Regex.Repeat repeat -> repeat(repeat, from);
            case Regex.Anchor anchor -> {
                int end = state();
                jump(anchor == Regex.Anchor.BEGIN ? Where.BEGIN : Where.END, from, end);
                if (anchor == Regex.Anchor.END && side == Strings.Side.OUTER) {
                    passLastLineBreak(from, end);
                }
                yield end;
            }
        };
    }

    /** Some dialects take a text to end before its last line break too. */
    private void passLastLineBreak(int from, int end) {
        int behind = state();
        int within = state();
        edges.get(from).add(new Edge(LINE_BREAKS, behind));
        edges.get(from).add(new Edge(CodePoints.of("\r"), within));
        edges.get(within).add(new Edge(CodePoints.of("\n"), behind));
        jump(Where.END, behind, end);
    }

    private int repeat(Regex.Repeat repeat, int from) {
        if (repeat.part().isEmpty()) {
            return from;
        }
        int at = from;
        for (int i = 0; i < repeat.least(); i++) {
            at = emit(repeat.part(), at);
        }
        if (repeat.most() == Regex.Repeat.UNBOUNDED) {
            int loop = state();
            jump(Where.ANYWHERE, at, loop);
            jump(Where.ANYWHERE, emit(repeat.part(), loop), loop);
            return loop;
        }
        int end = state();
        for (int i = repeat.least(); i < repeat.most(); i++) {
            jump(Where.ANYWHERE, at, end);
            int begin = state();
            jump(Where.ANYWHERE, at, begin);
            at = emit(repeat.part(), begin);
        }
        jump(Where.ANYWHERE, at, end);
        return end;
    }

    private BitSet closure(BitSet states, boolean atBegin, boolean atEnd) {
        BitSet closure = (BitSet) states.clone();
        Deque<Integer> open = new ArrayDeque<>(states.stream().boxed().toList());
        while (!open.isEmpty()) {
            for (Jump jump : jumps.get(open.removeLast())) {
                boolean passes = switch (jump.where) {
                    case ANYWHERE -> true;
                    case BEGIN -> atBegin;
                    case END -> atEnd;
                };
                if (passes && !closure.get(jump.target)) {
                    closure.set(jump.target);
                    open.add(jump.target);
                }
            }
        }
        return closure;
    }

    /** Sets of its states, made as they are reached. State 0 is before the first character. */
    private final class Determined {
        private final List<List<Reach>> reaches;
        private final List<BitSet> sets = new ArrayList<>();
        private final Map<BitSet, Integer> known = new HashMap<>();
        private int looks;

        private Determined(Map<CodePoints, BitSet> classesOf) {
            this.reaches = edges.stream()
                    .map(out -> out.stream()
                            .map(edge -> new Reach(classesOf.getOrDefault(edge.set, new BitSet()), edge.target))
                            .toList())
                    .toList();
            BitSet begin = new BitSet();
            begin.set(first);
            sets.add(closure(begin, true, false)); // not among the known: what follows no character is told apart
        }

        int start() {
            return 0;
        }

        int next(int state, int c) {
            BitSet from = sets.get(state);
            if (from.get(found)) {
                return state == 0 ? idOf(settled()) : state;
            }
            BitSet targets = new BitSet();
            for (int s = from.nextSetBit(0); s >= 0; s = from.nextSetBit(s + 1)) {
                for (Reach reach : reaches.get(s)) {
                    looks++;
                    if (reach.classes.get(c)) {
                        targets.set(reach.target);
                    }
                }
            }
            BitSet closure = closure(targets, false, false);
            int size = closure.cardinality();
            looks += size;
            work.charge(1 + size / LOOKS_PER_STEP);
            if (looks > MOST_LOOKS) {
                throw new TooLargeException("it can be read in too many ways at once");
            }
            return idOf(closure.get(found) ? settled() : closure);
        }

        /** Once it is found, whatever follows. */
        private BitSet settled() {
            BitSet set = new BitSet();
            set.set(found);
            return set;
        }

        private int idOf(BitSet set) {
            return known.computeIfAbsent(set, key -> {
                sets.add(key);
                return sets.size() - 1;
            });
        }

        boolean ends(int state) {
            return closure(sets.get(state), state == 0, true).get(found);
        }
    }
}
