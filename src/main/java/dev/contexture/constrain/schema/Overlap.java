package dev.contexture.constrain.schema;

import dev.contexture.constrain.automaton.Dfa;
import dev.contexture.constrain.automaton.Numbers;
import dev.contexture.constrain.automaton.Strings;
import dev.contexture.constrain.automaton.TableDfa;
import dev.contexture.constrain.automaton.TooLargeException;
import java.math.BigDecimal;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Whether a value can be of two schemas. Says so too where it cannot be shown that none is. */
final class Overlap {
    /** So deep are properties compared. */
    private static final int MOST_DEPTH = 4;

    private final Compilation compilation;
    private final Values values;
    private int depth;

    Overlap(Compilation compilation) {
        this.compilation = compilation;
        this.values = compilation.possible();
    }

    boolean isPossible(List<List<SchemaNode>> first, List<List<SchemaNode>> second) {
        for (List<SchemaNode> a : first) {
            for (List<SchemaNode> b : second) {
                if (isPossible(compilation.shape(a), compilation.shape(b))) {
                    return true;
                }
            }
        }
        return false;
    }

    private boolean isPossible(Shape a, Shape b) {
        if (a.values().isPresent()) {
            return a.values().get().stream().anyMatch(value -> values.admits(a, value) && values.admits(b, value));
        }
        if (b.values().isPresent()) {
            return isPossible(b, a);
        }
        Set<Kind> both = EnumSet.copyOf(a.kinds());
        both.retainAll(b.kinds());
        for (Kind kind : both) {
            boolean possible = switch (kind) {
                case NULL, BOOLEAN -> true;
                case INTEGER, FRACTION -> meet(a.range(), b.range());
                case STRING -> haveCommonString(a, b);
                case ARRAY -> a.leastItems() <= b.mostItems() && b.leastItems() <= a.mostItems();
                case OBJECT -> mayBeOneObject(a, b);
            };
            if (possible) {
                return true;
            }
        }
        return false;
    }

    private static boolean meet(Numbers.Range a, Numbers.Range b) {
        return isNotAbove(a.least(), a.leastExcluded(), b.most(), b.mostExcluded())
                && isNotAbove(b.least(), b.leastExcluded(), a.most(), a.mostExcluded());
    }

    private static boolean isNotAbove(
            @org.jspecify.annotations.Nullable BigDecimal least,
            boolean leastExcluded,
            @org.jspecify.annotations.Nullable BigDecimal most,
            boolean mostExcluded) {
        return least == null || most == null || least.compareTo(most) < (leastExcluded || mostExcluded ? 0 : 1);
    }

    private boolean haveCommonString(Shape a, Shape b) {
        Optional<Dfa> first = a.strings(Strings.Side.OUTER);
        Optional<Dfa> second = b.strings(Strings.Side.OUTER);
        try {
            return first.isPresent()
                    && second.isPresent()
                    && TableDfa.intersection(first.get(), second.get(), compilation.work())
                            .isPresent();
        } catch (TooLargeException e) {
            return true;
        }
    }

    private boolean mayBeOneObject(Shape a, Shape b) {
        if (a.leastProperties() > b.mostProperties() || b.leastProperties() > a.mostProperties()) {
            return false;
        }
        if (depth == MOST_DEPTH) {
            return true;
        }
        depth++;
        try {
            return !tellsApart(a, b) && !tellsApart(b, a);
        } finally {
            depth--;
        }
    }

    /** Whether {@code a} requires a property that {@code b} has otherwise or not at all. */
    private boolean tellsApart(Shape a, Shape b) {
        for (String name : a.required()) {
            List<List<SchemaNode>> here = compilation.cases().of(a.property(name, Strings.Side.OUTER));
            List<List<SchemaNode>> there = compilation.cases().of(b.property(name, Strings.Side.OUTER));
            if (!values.isKey(b, name) || !isPossible(here, there)) {
                return true;
            }
        }
        return false;
    }
}
