package dev.contexture.constrain.schema;

import dev.contexture.constrain.automaton.Dfa;
import dev.contexture.constrain.automaton.RegexSyntaxException;
import dev.contexture.constrain.automaton.StringDfa;
import dev.contexture.constrain.automaton.Strings;
import dev.contexture.constrain.automaton.TooLargeException;
import dev.contexture.constrain.automaton.Work;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Patterns of one compilation and their automata, each made once. */
final class Patterns {
    /** What reading a character of a pattern takes: it may stand for a set of some hundred ranges. */
    private static final int STEPS_TO_READ = 64;

    private final Work work;
    private final Map<String, Strings.Pattern> parsed = new HashMap<>();
    private final Map<Wanted, Optional<Dfa>> made = new HashMap<>();

    private record Wanted(List<Strings.Pattern> patterns, Strings.Side side, int least, int most) {}

    Patterns(Work work) {
        this.work = work;
    }

    Strings.Pattern parsed(String text, SchemaNode node, String keyword) {
        Strings.Pattern known = parsed.get(text);
        if (known != null) {
            return known;
        }
        work.charge((long) STEPS_TO_READ * text.length());
        try {
            Strings.Pattern pattern = Strings.Pattern.of(text);
            parsed.put(text, pattern);
            return pattern;
        } catch (RegexSyntaxException e) {
            throw node.broken(keyword, "\"" + shortened(text) + "\" cannot be held: " + e.getMessage());
        }
    }

    static String shortened(String text) {
        return text.length() <= 200 ? text : text.substring(0, 200) + "...";
    }

    /**
     * Strings in which all are found.
     *
     * @throws TooLargeException if the automaton is
     */
    Optional<Dfa> strings(List<Strings.Pattern> patterns, Strings.Side side, int least, int most) {
        Wanted wanted = new Wanted(List.copyOf(patterns), side, least, most);
        Optional<Dfa> known = made.get(wanted);
        if (known == null) {
            known = Strings.with(patterns, side, least, most, work);
            made.put(wanted, known);
        }
        return known;
    }

    /** Keys of {@code patternProperties}. */
    Optional<Dfa> keys(String text, SchemaNode node, Strings.Side side) {
        try {
            return strings(List.of(parsed(text, node, "patternProperties")), side, 0, StringDfa.UNBOUNDED);
        } catch (TooLargeException e) {
            throw node.broken("patternProperties", "\"" + shortened(text) + "\" cannot be held: " + e.getMessage());
        }
    }
}
