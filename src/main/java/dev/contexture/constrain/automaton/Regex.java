package dev.contexture.constrain.automaton;

import java.util.List;

/** A regular expression over code points. */
sealed interface Regex {
    /** What takes no character and is found everywhere; parsers write it in no other way. */
    Regex EMPTY = new Sequence(List.of());

    default boolean isEmpty() {
        return this instanceof Sequence sequence && sequence.parts().isEmpty();
    }

    record Characters(CharacterSet set) implements Regex {}

    record Sequence(List<Regex> parts) implements Regex {}

    record Choice(List<Regex> options) implements Regex {}

    /**
     * @param most {@link #UNBOUNDED}: no limit
     */
    record Repeat(Regex part, int least, int most) implements Regex {
        static final int UNBOUNDED = -1;
    }

    /** Where a text begins or ends. */
    enum Anchor implements Regex {
        BEGIN,
        END
    }
}
